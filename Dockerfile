# The image of web, worker, beat and the migration: one image, four commands (see docker-compose.yml).

FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
WORKDIR /build
COPY requirements/uv.txt requirements/base.txt ./
RUN pip install --no-cache-dir --require-hashes -r uv.txt \
    && python -m venv --without-pip /opt/venv \
    && uv pip sync --no-cache --require-hashes --python /opt/venv/bin/python base.txt

FROM python:3.13-slim-bookworm AS collect
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY . .
# Production settings demand values; these live for the length of this command and are in no image.
RUN DJANGO_SETTINGS_MODULE=strandsweb.settings.production STATIC_ROOT=/app/staticfiles ALLOWED_HOSTS=build.invalid \
    SITE_URL=https://build.invalid \
    SECRET_KEY="$(/opt/venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    DATABASE_URL=postgresql://build.invalid/none BROKER_URL=redis://build.invalid/0 \
    HISTORY_BUCKET=none SOURCES_BUCKET=none HISTORY_KMS_KEY=none \
    /opt/venv/bin/python manage.py collectstatic --no-input

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin strandsweb
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=strandsweb.settings.production \
    STATIC_ROOT=/app/staticfiles
COPY --from=build /opt/venv /opt/venv
COPY --from=collect /app /app
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# The web's; worker and beat have their own in docker-compose.yml.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "strandsweb.healthcheck", "web"]
CMD ["daphne", "--bind", "0.0.0.0", "--port", "8000", "--no-server-name", "--proxy-headers", "strandsweb.asgi:application"]
