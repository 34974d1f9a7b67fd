# Builds one image for every part; docker-compose.yml picks the program.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages packages
COPY apps apps
COPY tools tools
COPY tsconfig.json ./
RUN npm ci --ignore-scripts && npx tsx tools/build.ts
# What is optional is for development: the embedded Postgres and esbuild's programs.
RUN npm prune --omit=dev --omit=optional --ignore-scripts

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/packages packages
COPY --from=build /app/apps apps
COPY --from=build /app/dist dist
RUN mkdir -p /data/storage && chown node:node /data/storage
USER node
CMD ["node", "--enable-source-maps", "dist/api.mjs"]
