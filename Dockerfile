# Two stages: the first builds a virtual environment from the lock file, the second carries only that.
# The base image is an argument, so that it can be pinned by digest or replaced by a mirror's:
#   docker build --build-arg PYTHON_IMAGE=python:3.12-slim -t monitor .
ARG PYTHON_IMAGE=python:3.12-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
# A compiler for the native rule index; the second stage has none. Debian's own Python, unlike that of the official image,
# keeps its headers in a package of their own.
RUN apt-get update \
 && headers=$(python3 -c 'import os, sysconfig; print(os.path.exists(sysconfig.get_path("include") + "/Python.h"))') \
 && if [ "$headers" = True ]; then more=; else more=python3-dev; fi \
 && apt-get install --yes --no-install-recommends gcc libc6-dev $more \
 && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/monitor
COPY requirements.lock ./
RUN /opt/monitor/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.lock
COPY pyproject.toml setup.py README.md LICENSE NOTICE ./
COPY monitor ./monitor
RUN /opt/monitor/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
 && cd / && /opt/monitor/bin/python -c "import monitor.matching._index, monitor.matching._scan" \
 && /opt/monitor/bin/python -m pip uninstall --yes --quiet cython setuptools pip \
 && /opt/monitor/bin/python -m compileall -q /opt/monitor

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="monitor" \
      org.opencontainers.image.description="A media-monitoring alert daemon" \
      org.opencontainers.image.licenses="Apache-2.0"
# No name for the user: nothing here needs one, and not every base image has useradd.
RUN mkdir /data && chown 10001:10001 /data
COPY --from=build /opt/monitor /opt/monitor
COPY rules /etc/monitor/rules
COPY seeds /etc/monitor/seeds
COPY deploy/monitor.yaml /etc/monitor/monitor.yaml
# Readable whatever the umask of the checkout was.
RUN chmod -R a+rX /etc/monitor
ENV PATH=/opt/monitor/bin:$PATH \
    HOME=/data \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MONITOR_CONFIG=/etc/monitor/monitor.yaml
# By number, so that a cluster can prove that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=20s --retries=3 CMD ["monitor", "healthcheck"]
# Exec form: the daemon is the first process and gets the signals itself.
ENTRYPOINT ["monitor"]
CMD ["run"]
