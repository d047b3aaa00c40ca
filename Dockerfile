# glibc, because the Temporal SDK's core is native code for it.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci && npm prune --omit=dev

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/bin bin
COPY --from=build /app/dist dist
COPY --from=build /app/migrations migrations
COPY --from=build /app/node_modules node_modules
USER node
ENTRYPOINT ["node", "bin/harness.js"]
