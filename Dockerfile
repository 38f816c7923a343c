# The helpdesk without root: docker build -t helpdesk . && docker run -e HELPDESK_SECRET_KEY=… -p 8000:8000 -v helpdesk:/data helpdesk

FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv .venv \
 && .venv/bin/python -m pip install --quiet --no-cache-dir --no-compile --require-hashes -r requirements.lock
COPY . .
RUN .venv/bin/python -m pip install --quiet --no-cache-dir --no-deps --no-build-isolation -e . \
 && .venv/bin/helpdesk --help > /dev/null
# Some packages carry files for other Pythons, which do not compile here.
RUN .venv/bin/python -m compileall -qq -j 0 .venv/lib helpdesk || true

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /data helpdesk \
 && install -d -o helpdesk -g helpdesk -m 0750 /data
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HELPDESK_DATA_DIR=/data \
    HELPDESK_HOST=0.0.0.0 \
    HELPDESK_PORT=8000 \
    HELPDESK_SMTP_IN_HOST=0.0.0.0 \
    HELPDESK_SMTP_IN_PORT=2525 \
    HELPDESK_LOG_FORMAT=json
USER helpdesk
VOLUME /data
EXPOSE 8000 2525
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["helpdesk", "serve"]
