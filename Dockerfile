# docker build -t steward .
# A slim image with one binary, the page's files and the certificates TLS needs. Configuration: README.md.

FROM node:22-bookworm-slim AS node

FROM rust:1.95-bookworm AS build
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /src
COPY . .
# The build programs and compiled dependencies are kept between builds by the cache mount.
RUN --mount=type=cache,target=/root/.cache/steward \
    --mount=type=cache,target=/usr/local/cargo/registry \
    end2end/tools/prepare.sh build && end2end/tools/build.sh release

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --home-dir /data --create-home steward
COPY --from=build /src/target/dist /app
COPY --from=build /src/target/site /app/site
ENV STEWARD_ADDR=0.0.0.0:3000 STEWARD_DATA_DIR=/data LEPTOS_SITE_ROOT=/app/site
USER steward
VOLUME /data
EXPOSE 3000
ENTRYPOINT ["/app/steward"]
CMD ["serve"]
