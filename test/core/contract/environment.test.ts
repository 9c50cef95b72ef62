import assert from "node:assert/strict";
import { BRIDGE_PATH, mountPointIn } from "../../../core/contract/bridge.ts";
import { ENVIRONMENT, PROGRAMS, type Program, type Variable } from "../../../core/contract/environment.ts";
import { PLAIN_UID } from "../../../core/contract/readers.ts";
import { bundle } from "../../../core/manifests/index.ts";
import { sweepPod } from "../../../core/manifests/sweep.ts";
import type { Container } from "../../../core/manifests/types.ts";
import { allowedBy } from "../../../core/rules/index.ts";
import { privilegedContainers } from "../../../core/rules/privilegedContainers.ts";
import { parseSettings } from "../../../core/settings/settings.ts";
import { filesOf, SCRIPTS, variablesIn } from "./shell.ts";

const VARIABLES = Object.keys(ENVIRONMENT) as Variable[];
const readBy = (name: Variable): readonly Program[] => ENVIRONMENT[name].readBy;
const givenTo = (program: Program) =>
  VARIABLES.filter((name) => ENVIRONMENT[name].by === "pods" && readBy(name).includes(program)).sort();

const found = Object.keys(SCRIPTS).map((file) => ({ file, ...variablesIn(file) }));
const programsOf = (file: string) => PROGRAMS.filter((program) => filesOf(program).includes(file));
/** The files that take a variable from the environment: they have a default for it, or no script of the same program makes it. */
const readers = (name: string) =>
  found
    .filter(({ file, read, defaulted }) => {
      const given = programsOf(file).some((program) =>
        filesOf(program).every((own) => !found.some((one) => one.file === own && one.assigned.has(name))),
      );
      return defaulted.has(name) || (read.has(name) && given);
    })
    .map(({ file }) => file);

/** Every container that this project makes and that runs a script of the probe, over settings that ask for everything. */
const containers = [
  {},
  { driver: "command", command: "exec daemon", markerFile: "film", clearDeadMount: false },
].flatMap((more) => {
  const settings = parseSettings({ nodes: ["k3s-w2"], producerImage: "x:1", scenarios: ["all"], ...more });
  const { pods, samePods } = bundle(settings, {});
  const all = [...pods.flatMap(({ producer, consumer }) => [producer, consumer]), ...samePods.map(({ pod }) => pod)];
  return [...all, sweepPod(settings, "k3s-w2", "check", "", 1, "same-pod")].flatMap(({ spec }) => [
    ...(spec.initContainers ?? []),
    ...spec.containers,
  ]);
});
const scriptOf = ({ name, command }: Container) =>
  name === "sweep" ? "sweep" : /^\/probe\/(\w+)\.sh$/.exec(command[1] ?? "")?.[1];
const given = (program: Program) =>
  [
    ...new Set(
      containers.filter((one) => scriptOf(one) === program).flatMap(({ env }) => env?.map(({ name }) => name)),
    ),
  ].sort();

describe("the contract of the environment", () => {
  it("lists every variable that the scripts read and do not make, and no other", () => {
    const names = [...new Set(found.flatMap(({ read }) => [...read]))].filter((name) => readers(name).length > 0);
    assert.deepEqual(names.sort(), [...VARIABLES].sort());
  });

  it("names as readers of a variable only scripts that can read it, and each that reads it alone", () => {
    for (const name of VARIABLES) {
      const possible = readers(name).map(programsOf);
      for (const program of readBy(name)) assert.ok(possible.flat().includes(program), `${program} reads no ${name}`);
      for (const [only, ...others] of possible)
        if (only && others.length === 0) assert.ok(readBy(name).includes(only), `${only} reads ${name}`);
    }
  });

  for (const program of ["producer", "consumer", "sweep"] as const)
    it(`is what the manifests tell ${program}.sh, all of it and nothing else`, () =>
      assert.deepEqual(given(program), givenTo(program)));

  // What all pods of a pair are given, a container that only waits is given too.
  it("holds all that the manifests tell turn.sh", () => {
    assert.deepEqual(
      given("turn").filter((name) => !(VARIABLES as readonly (string | undefined)[]).includes(name)),
      [],
    );
    for (const name of givenTo("turn")) assert.ok(given("turn").includes(name), name);
  });

  it("is what the rules let a privileged container be given", () => {
    const settings = parseSettings({
      nodes: ["k3s-w2"],
      producerImage: "x:1",
      driver: "command",
      command: "exec daemon",
    });
    const known = (role: string) =>
      Object.keys(privilegedContainers(allowedBy(settings)).find((one) => one.role === role)?.environment ?? {});
    assert.deepEqual(known("producer").sort(), givenTo("producer"));
    // The time is given to the sweep that only looks, and has no privileges.
    assert.deepEqual([...known("sweep-unmount"), "SINCE"].sort(), givenTo("sweep"));
  });

  it("has the bridge, the mount point and the plain user as the scripts have them", () => {
    const lib = SCRIPTS["lib.sh"] ?? "";
    assert.ok(lib.includes(`\nBRIDGE=\${BRIDGE:-${BRIDGE_PATH}}\n`));
    assert.ok(lib.includes(`\nMOUNT=${mountPointIn("$BRIDGE")}\n`));
    assert.ok(SCRIPTS["sweep.sh"]?.includes(`\nBRIDGE=\${BRIDGE:-${BRIDGE_PATH}}\n`));
    assert.ok(SCRIPTS["permissions.sh"]?.includes(`\nPERMISSION_UID=${PLAIN_UID}\n`));
  });
});
