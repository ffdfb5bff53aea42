# The platform: web processes, workers, beat and `prepare` are this one image with another command. docker-compose.yml
# runs all of them; docs/operations.md says how.
FROM python:3.11-slim-bookworm

ENV PATH=/opt/joulemark/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1
RUN python -m venv /opt/joulemark

# Backups need the programs of the database's own release, and the library that they were built with. Debian's packages
# follow its security updates, so they have no version here.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --no-install-recommends --yes liblz4-1 libpq5 libreadline8 libzstd1 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=postgres:18-bookworm /usr/lib/postgresql/18/bin/pg_dump /usr/lib/postgresql/18/bin/pg_restore \
    /usr/lib/postgresql/18/bin/psql /usr/local/bin/
COPY --from=postgres:18-bookworm /usr/lib/*-linux-gnu/libpq.so.5* /usr/local/lib/
RUN ldconfig && pg_dump --version && pg_restore --version && psql --version

# Everything out of the lock, by version and SHA-256 digest, nothing resolved. It changes less often than the code.
WORKDIR /usr/src/joulemark
COPY requirements/build.txt requirements/platform.txt requirements/
RUN pip install --no-deps --require-hashes --requirement requirements/build.txt \
    && pip install --no-deps --require-hashes --no-build-isolation --requirement requirements/platform.txt

# Owned by root and not writable for the one who runs it. What it writes lies in three volumes: keys, secret and static
# files for itself alone; log and releases for everybody.
COPY LICENSE README.md manage.py pyproject.toml ./
COPY agent/ agent/
COPY measurements/ measurements/
COPY platform/ platform/
COPY simulation/ simulation/
COPY deploy/ deploy/
RUN pip install --no-deps --no-index --no-build-isolation --editable ./agent --editable . \
    && python -m compileall -q agent measurements platform \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin joulemark \
    && install --directory --owner=joulemark --group=joulemark --mode=0750 /var/lib/joulemark \
    && install --directory --owner=joulemark --group=joulemark --mode=0755 /srv/joulemark /srv/joulemark/log /srv/joulemark/releases /tls \
    && install --directory --owner=joulemark --group=joulemark --mode=0700 /backups

ENV JOULEMARK_DATA_DIR=/var/lib/joulemark \
    JOULEMARK_LOG_DIR=/srv/joulemark/log \
    JOULEMARK_RELEASES_DIR=/srv/joulemark/releases
USER 10001:10001
VOLUME ["/var/lib/joulemark", "/srv/joulemark/log", "/srv/joulemark/releases"]
EXPOSE 8000
CMD ["python", "manage.py", "serve", "--bind", "0.0.0.0:8000"]
