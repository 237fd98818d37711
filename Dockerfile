# One file, three targets: broker, worker-lambda, worker-fargate.
#   docker build --target broker -t cloudmr-broker .
#   docker build --target worker-lambda --provenance=false -t mroptimum-lambda .
#   docker build --target worker-fargate --provenance=false -t mroptimum-fargate .
# --provenance=false: Lambda refuses images whose manifest is an index.

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY routes routes
COPY services services
COPY compute compute
COPY infra infra
RUN npm run build && npm prune --omit=dev

FROM node:22-bookworm-slim AS broker
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 CLOUDMR_CLOUD=aws
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
USER node
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+(process.env.PORT||8080)+'/live').then((r)=>process.exit(r.ok?0:1),()=>process.exit(1))"]
CMD ["node", "dist/src/main.js"]

FROM public.ecr.aws/lambda/nodejs:22 AS worker-lambda
COPY --from=build /app/package.json ${LAMBDA_TASK_ROOT}/
COPY --from=build /app/node_modules ${LAMBDA_TASK_ROOT}/node_modules
COPY --from=build /app/dist ${LAMBDA_TASK_ROOT}/dist
CMD ["dist/compute/lambda.handler"]

FROM node:22-bookworm-slim AS worker-fargate
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
USER node
CMD ["node", "dist/compute/fargate.js"]
