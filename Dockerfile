# One image for everything: without arguments it serves (API, page and worker in one process, everything from the environment);
# `coordinator`, `worker` and `migrate-db` are the parts of a cluster.

FROM node:24-bookworm-slim AS base
WORKDIR /app

# The manifests alone, so that packages are installed again only when these change.
FROM base AS manifests
COPY . .
RUN mkdir /manifests \
  && find . -name package.json -not -path '*/node_modules/*' -exec cp --parents {} /manifests/ ';' \
  && cp package-lock.json /manifests/

# The bundle and the page.
FROM base AS build
COPY --from=manifests /manifests ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && node apps/dashboard/build.js

# What the bundle needs beside it: no tools, and no PostgreSQL.
FROM base AS packages
COPY --from=manifests /manifests ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --workspace apps/cli --include-workspace-root=false

FROM base
ENV NODE_ENV=production
COPY --from=packages /app ./
COPY LICENSE ./
COPY migrations migrations
COPY apps/cli/bin apps/cli/bin
COPY apps/dashboard apps/dashboard
COPY --from=build /app/apps/cli/dist apps/cli/dist
COPY --from=build /app/apps/dashboard/dist apps/dashboard/dist
USER node
EXPOSE 8081
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || process.env.SERVER_PORT || 8081) + '/admin/health/liveness').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/apps/cli/bin/marc-migrations.js"]
CMD ["serve"]
