# The pipeline as an image: docker build -t video-analysis-pipeline .
FROM python:3.13-slim
WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY pipeline ./pipeline
RUN python -m pip install --no-cache-dir .
RUN useradd --create-home runner && mkdir /data && chown runner /data
USER runner
WORKDIR /data
ENTRYPOINT ["pipeline"]
CMD ["--help"]
