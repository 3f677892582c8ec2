# The studio with its API, or the site of a study: see docs/containers.md.
#   docker build -t sketch-pix2seq .
#   docker run --rm --read-only --tmpfs /tmp --cap-drop ALL -p 8000:8000 sketch-pix2seq

FROM python:3.13-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
COPY --from=build /wheels /wheels
COPY constraints.txt /constraints.txt
RUN pip install --no-cache-dir --constraint /constraints.txt "$(echo /wheels/*.whl)[postgres]" \
    && rm -r /wheels /constraints.txt
ENV PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --start-period=10s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/api/health', timeout=5)"]
ENTRYPOINT ["python", "-m", "sketch_pix2seq"]
CMD ["studio", "--host", "0.0.0.0", "--port", "8000"]
