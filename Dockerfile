# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w" -o /out/kassa ./cmd/kassa \
    && mkdir /out/data

# Nothing but the program, the certificates that it trusts, and a folder for those who keep their books in SQLite.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/kassa /kassa
COPY --from=build --chown=65532:65532 /out/data /data
WORKDIR /data
USER 65532:65532
ENV KASSA_ADDR=0.0.0.0:8080 KASSA_METRICS_ADDR=0.0.0.0:9090 KASSA_DATA=/data
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=9s --start-period=30s --start-interval=1s CMD ["/kassa", "health"]
ENTRYPOINT ["/kassa"]
CMD ["serve"]
