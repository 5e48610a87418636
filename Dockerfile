# The pipeline as an image: docker build -t video-analysis-pipeline .
FROM python:3.13-slim
WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY pipeline ./pipeline
RUN python -m pip install --no-cache-dir ".[evidence]"
# Folders that volumes are mounted on belong to the user of the image: a named volume takes its owner from them.
RUN useradd --create-home --uid 1000 runner && mkdir -p /data/out /data/platform && chown -R runner /data
USER runner
WORKDIR /data
ENTRYPOINT ["pipeline"]
CMD ["--help"]
