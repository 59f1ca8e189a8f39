# One registry node. Run it with an init, which reaps what exits and passes signals on:
#   docker run --init -p 127.0.0.1:8500:8500 -p 127.0.0.1:8600:8600/udp -v rollcall:/data rollcall
# It runs as user node, writes to /data only (the embedded store, or what it remembers of its Redis), and works with
# --read-only.
#
# There is no Docker engine where this project is developed: this file has been read and its parts run by hand,
# but it has not been built.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.base.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="rollcall" \
      org.opencontainers.image.description="Service registry: Consul, Eureka and DNS clients over one catalog, with consistent-hash lookups" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY openapi openapi
COPY LICENSE ./
RUN mkdir /data && chown node:node /data
ENV NODE_ENV=production \
    ROLLCALL_BIND=0.0.0.0 \
    ROLLCALL_DATA_DIR=/data
USER node
EXPOSE 8500/tcp 8600/tcp 8600/udp
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ROLLCALL_HTTP_PORT || 8500}/readyz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
