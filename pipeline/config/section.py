"""What every group of settings is."""

from pydantic import BaseModel, ConfigDict

MIB = 1024 * 1024


class Section(BaseModel):
    """A frozen group of settings; unknown names are refused."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")
