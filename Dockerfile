# The service's image: the API by default, `migrate`, `relay` and the rest by name.
# BASE may be any Debian with Python 3.11 or newer and its venv.
ARG BASE=docker.io/library/python:3.13-slim-bookworm

FROM ${BASE} AS build
WORKDIR /app
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python3 -m venv /poetry \
    && /poetry/bin/pip install 'poetry>=2.2,<3' 'poetry-plugin-export>=1.9,<2'
COPY pyproject.toml poetry.lock ./
RUN /poetry/bin/poetry export --only main --format requirements.txt --output requirements.txt \
    && python3 -m venv /app/.venv \
    && .venv/bin/pip install --require-hashes --no-deps --requirement requirements.txt \
    && .venv/bin/pip uninstall --yes pip setuptools \
    && rm requirements.txt pyproject.toml poetry.lock
COPY alembic.ini openapi.yaml ./
COPY openapi openapi
COPY tenants tenants
COPY booking_service booking_service
COPY docker/healthy.py ./
RUN .venv/bin/python -m compileall -q booking_service tenants

FROM ${BASE}
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin booking
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    WEB_CONCURRENCY=2
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "healthy.py"]
ENTRYPOINT ["python", "-m", "booking_service.cli"]
CMD ["serve"]
