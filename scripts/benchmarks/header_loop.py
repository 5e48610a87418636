"""What one writes first: one file after the other is opened, and asked for its length and size."""

import sys
from pathlib import Path

import av

if __name__ == "__main__":
    seconds = 0.0
    for path in sorted(Path(sys.argv[1]).iterdir()):
        with av.open(str(path)) as container:
            seconds += (container.duration or 0) / av.time_base
            assert container.streams.video[0].width
    print(f"{seconds / 60:.1f} minutes")
