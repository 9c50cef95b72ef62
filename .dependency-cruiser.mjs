/**
 * Who may import whom. test/layers.test.ts holds it in every `npm test`; `npx depcruise .` shows the same in a terminal.
 *
 * dependency-cruiser is here because it parses files and resolves imports as Node does, type-only and dynamic ones too, and follows
 * cycles through any number of files: a search by pattern missed some of each.
 */

const PULUMI = ["@pulumi/pulumi", "@pulumi/kubernetes", "@pulumi/command"];

/**
 * The rooms from the bottom to the top: besides itself, each may import from the rooms that its line names, and all of these stand
 * above it. So there is no cycle of rooms.
 *
 * `types`: packages of which it may import types only. `node`: Node's own modules, where not all of them are allowed.
 *
 * @type {Record<string, { rooms: string[], packages: string[], types?: string[], node?: string[] }>}
 */
const ROOMS = {
  base: { rooms: [], packages: [] },
  probe: { rooms: [], packages: [] },
  // Pure: no Pulumi, no I/O, no clock.
  core: {
    rooms: ["base"],
    packages: ["zod", "yaml", "fastest-levenshtein"],
    types: ["@kubernetes/client-node"],
    node: ["crypto", "util"],
  },
  report: { rooms: ["base", "core"], packages: [] },
  components: { rooms: ["base", "core", "probe"], packages: PULUMI },
  "nodeVersion.cjs": { rooms: [], packages: ["@pulumi/pulumi"] },
  policy: { rooms: ["base", "core", "probe", "nodeVersion.cjs"], packages: ["@pulumi/policy"] },
  cluster: { rooms: ["base", "core", "probe"], packages: ["@kubernetes/client-node", "yaml"] },
  "index.ts": { rooms: ["base", "core", "report", "components", "cluster"], packages: PULUMI },
  "main.mjs": { rooms: ["nodeVersion.cjs", "index.ts"], packages: [] },
  cli: {
    rooms: ["base", "probe", "core", "report", "components", "policy", "cluster", "index.ts"],
    packages: ["@pulumi/pulumi", "@kubernetes/client-node", "commander", "yaml", "js-yaml", "diff"],
  },
  // Buildings of their own: the rest reaches them through their commands.
  sandbox: { rooms: ["base"], packages: ["@pulumi/pulumi", "commander"] },
  "stand-ins": {
    rooms: ["base"],
    packages: ["@grpc/grpc-js", "google-protobuf", "@pulumi/pulumi", "@kubernetes/client-node", "yaml"],
  },
  tools: { rooms: ["base", "core"], packages: ["yaml", "zod"] },
  // What a user's program imports.
  examples: { rooms: ["core", "components", "policy"], packages: [...PULUMI, "@pulumi/policy"] },
};

/** The rooms of core, in the same way. */
const CORE = {
  contract: [],
  plan: ["contract"],
  settings: ["contract", "plan"],
  rules: ["contract", "plan", "settings"],
  admission: ["contract", "plan", "settings", "rules"],
  manifests: ["contract", "plan", "settings", "rules", "admission"],
  gitops: ["contract", "plan", "settings", "manifests"],
  recipe: ["contract", "settings", "manifests", "gitops"],
  rights: ["contract", "plan", "settings", "recipe"],
  evidence: ["contract"],
  diagnosis: ["contract", "recipe", "evidence"],
  layout: ["rules", "diagnosis"],
  live: ["rules", "evidence", "diagnosis", "layout"],
};

/** A room's files: of a folder, or the one file. */
const within = (room) => (room.includes(".") ? `^${room.replaceAll(".", "\\.")}$` : `^${room}/`);
const listed = (names) => (names.length > 0 ? names.join(", ") : "nothing");

/** @param order the rooms from the bottom to the top */
function requireBelow(room, rooms, order) {
  const above = rooms.filter((one) => order.indexOf(one) < 0 || order.indexOf(one) >= order.indexOf(room));
  if (above.length > 0) throw new Error(`${room} may not be allowed to import ${above.join()}: no room before it`);
}

const betweenRooms = Object.entries(ROOMS).flatMap(([room, { rooms, packages, types = [], node }]) => {
  requireBelow(room, rooms, Object.keys(ROOMS));
  const typed = types.map((one) => `types of ${one}`);
  const name = `${room} imports only ${listed([...rooms, ...packages, ...typed, ...(node ?? ["node"])])}`;
  const rule = (to) => ({ name, severity: "error", from: { path: within(room) }, to });
  const packaged = (names) => names.map((one) => `^node_modules/${one}/`);
  const allowed = [...[room, ...rooms].map(within), ...packaged([...packages, ...types])];
  return [
    rule({ pathNot: allowed, dependencyTypesNot: ["core"] }),
    ...(types.length > 0 ? [rule({ path: packaged(types), dependencyTypesNot: ["type-only"] })] : []),
    ...(node ? [rule({ pathNot: node.map((one) => `^${one}$`), dependencyTypes: ["core"] })] : []),
  ];
});

const withinCore = Object.entries(CORE).map(([room, rooms]) => {
  requireBelow(room, rooms, Object.keys(CORE));
  return {
    name: `core/${room} imports of core only ${listed(rooms)}`,
    severity: "error",
    from: { path: `^core/${room}/` },
    to: { path: "^core/", pathNot: [room, ...rooms].map((one) => `^core/${one}/`) },
  };
});

export default {
  forbidden: [
    { name: "no file imports itself in a circle", severity: "error", from: {}, to: { circular: true } },
    { name: "every import is found", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "every file belongs to a room",
      severity: "error",
      from: { pathNot: ["^test/", "^node_modules/", ...Object.keys(ROOMS).map(within)] },
      to: {},
    },
    {
      name: "every file of core belongs to a room of core",
      severity: "error",
      from: { path: "^core/", pathNot: Object.keys(CORE).map((room) => `^core/${room}/`) },
      to: {},
    },
    ...betweenRooms,
    ...withinCore,
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default"] },
    // Known to Node only with its prefix.
    builtInModules: { add: ["sqlite", "node:sqlite"] },
  },
};
