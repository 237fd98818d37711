# One file, three targets: broker, worker-lambda, worker-fargate.
#   docker build --target broker -t cloudmr-broker .
#   docker build --target worker-lambda --provenance=false -t mroptimum-lambda .
#   docker build --target worker-fargate --provenance=false -t mroptimum-fargate .
# --provenance=false: Lambda refuses images whose manifest is an index.
#
# Bases are public.ecr.aws copies, which need no account to pull, pinned by digest: Node 22.23.1 of July 2026, and
# Lambda's Node 22 on Amazon Linux 2023. The release workflow looks up today's digests of both tags
# (.github/workflows/scripts/publish-images) and passes them (--build-arg NODE_DIGEST=@sha256:...), so that a release has
# the newest fixes, is built from named bytes all the same, and its summary names them.
ARG NODE_DIGEST="@sha256:53ada149d435c38b14476cb57e4a7da73c15595aba79bd6971b547ceb6d018bf"
ARG LAMBDA_DIGEST="@sha256:c71939cdffffb125e6255fdb284ccde3c748bcba60658c7efc6d3a2241b2398b"

FROM public.ecr.aws/docker/library/node:22-bookworm-slim${NODE_DIGEST} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY routes routes
COPY services services
COPY compute compute
COPY console console
COPY client client
COPY infra infra
RUN npm run build && npm prune --omit=dev

FROM public.ecr.aws/docker/library/node:22-bookworm-slim${NODE_DIGEST} AS runtime
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# The one place that can be written where the root file system cannot; as a volume it keeps its permissions.
VOLUME ["/tmp"]
USER 1000

FROM runtime AS broker
# Digests of the worker's images of the same release, which are published first: what computing units must run.
ARG WORKER_DIGESTS=""
ENV HOST=0.0.0.0 PORT=8080 CLOUDMR_CLOUD=aws WORKER_DIGESTS=${WORKER_DIGESTS}
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+(process.env.PORT||8080)+'/live').then((r)=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# A task of the stack has half a core: collecting garbage on several threads there only takes turns with itself.
CMD ["node", "--single-threaded-gc", "dist/src/main.js"]

# Lambda brings a user of its own with few rights and a root file system that cannot be written.
FROM public.ecr.aws/lambda/nodejs:22${LAMBDA_DIGEST} AS worker-lambda
COPY --from=build /app/package.json ${LAMBDA_TASK_ROOT}/
COPY --from=build /app/node_modules ${LAMBDA_TASK_ROOT}/node_modules
COPY --from=build /app/dist ${LAMBDA_TASK_ROOT}/dist
CMD ["dist/compute/lambda.handler"]

# A task that ends with its job: ECS watches the process, so a health check would tell nothing more.
FROM runtime AS worker-fargate
HEALTHCHECK NONE
CMD ["node", "dist/compute/fargate.js"]
