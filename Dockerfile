# glibc, because the Temporal SDK's core is native code for it.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci && npm prune --omit=dev

FROM node:20-bookworm-slim
# For TLS to a Temporal server: the SDK's core trusts what the system trusts, and the slim image trusts nobody.
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
# Where a worker says how it is. On loopback: for the check below alone.
ENV HARNESS_HEALTH=127.0.0.1:9465
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/bin bin
COPY --from=build /app/dist dist
COPY --from=build /app/migrations migrations
COPY --from=build /app/node_modules node_modules
RUN ln -s /app/bin/harness.js /usr/local/bin/harness
USER node
# Well: the worker polls, its server answers, and its store can be read.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["harness", "health"]
ENTRYPOINT ["harness"]
