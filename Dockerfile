# Both images, by target: `docker build --target api -t coordination-api:v1.0 .` and `--target worker -t coordination-worker:v1.0`.
# Without Docker, `cargo xtask image` makes the same two.
ARG DEBIAN=bookworm

FROM rust:1-slim-${DEBIAN} AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --package coord \
 && strip --strip-all -o /coord target/release/coord

# The C library, libgcc and the certificates of the authorities, and nothing to run but the binary: no shell, no packages.
FROM gcr.io/distroless/cc-debian12:nonroot AS base
COPY --from=build /coord /usr/local/bin/coord
USER 10001:10001
EXPOSE 8000 9090
ENTRYPOINT ["/usr/local/bin/coord"]

FROM base AS worker
CMD ["worker"]

FROM base AS api
CMD ["api"]
