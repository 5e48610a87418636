"""The samples: four short films that differ in shape, colours, rhythm and sound."""

from .film import Film, Scene

SUNRISE = Film(
    name="sunrise.mp4",
    scenes=(
        Scene(2.0, "blue", title="SUNRISE", level_dbfs=-30, tone_hz=220),
        Scene(3.2, "purple", second="orange", motion="drift", level_dbfs=-24, tone_hz=262),
        Scene(3.2, "cyan", second="yellow", motion="drift", level_dbfs=-18, tone_hz=330),
        Scene(2.0, "white", second="yellow", level_dbfs=-12, tone_hz=392),
    ),
)
NIGHT_TRAIN = Film(
    name="night train.mp4",
    scenes=(
        Scene(2.0, "grey", title="NIGHT TRAIN 7", level_dbfs=-20, tone_hz=110),
        Scene(3.0, "black", second="yellow", motion="rush", level_dbfs=-14, tone_hz=95),
        Scene(2.0, "black"),
        Scene(3.0, "green", second="white", motion="drift"),
        Scene(2.0, "red", second="white", level_dbfs=-26, tone_hz=180),
    ),
    width=640,
    height=480,
    fps=24,
)
TOWER = Film(
    name="tower.mp4",
    scenes=(
        Scene(1.6, "orange", title="TOWER", level_dbfs=-40, tone_hz=520),
        Scene(2.4, "green", second="blue", motion="rush", level_dbfs=-16, tone_hz=640),
        Scene(2.4, "blue", second="red", motion="drift", level_dbfs=-22, tone_hz=780),
    ),
    width=360,
    height=640,
    fps=30,
)
SIGNALS = Film(
    name="signals.mp4",
    scenes=(
        Scene(1.6, "black", title="SIGNALS"),
        *(
            Scene(0.8, colour, level_dbfs=level, tone_hz=tone)
            for colour, level, tone in (
                ("red", -34, 300),
                ("green", -28, 400),
                ("blue", -22, 500),
                ("yellow", -16, 600),
                ("purple", -10, 700),
            )
        ),
        Scene(2.5, "cyan", second="red", motion="drift"),
    ),
    width=480,
)
FILMS = (SUNRISE, NIGHT_TRAIN, TOWER, SIGNALS)
