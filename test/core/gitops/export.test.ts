/** The exported files: the same objects as the imperative run's, as YAML that people like to review. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { exportedFiles, fluxOwner } from "../../../core/gitops/export.ts";
import { places } from "../../../core/gitops/places.ts";
import { sealed, stateOf } from "../../../core/gitops/seal.ts";
import { bundle } from "../../../core/manifests/index.ts";
import { fluxSchema } from "../../../core/settings/flux.ts";
import { identified } from "../../../core/settings/identity.ts";
import { parseSettings, type SettingsInput } from "../../../core/settings/settings.ts";
import { probeScripts } from "../../../probe/scripts.ts";

const SCRIPTS = probeScripts();
const ENTRY = "clusters/homelab/testing/fuse-propagation-test";
const HOMELAB: SettingsInput = {
  nodes: ["k3s-w2"],
  tolerations: [{ key: "node.longhorn.io/storage", value: "enabled", effect: "NoSchedule" }],
};

function exported(input: SettingsInput = HOMELAB, flux: object = {}): Map<string, string> {
  return new Map(exportedFiles(parseSettings(input), fluxSchema.parse(flux), SCRIPTS));
}

/** Every object of the files, as Go's parsers would read them too. */
function objectsOf(files: ReadonlyMap<string, string>): Record<string, unknown>[] {
  return [...files].flatMap(([path, text]) =>
    path.endsWith("/kustomization.yaml") ? [] : parseAllDocuments(text, { version: "1.1" }).map((each) => each.toJS()),
  );
}

/** What the component registers, before Pulumi's own annotation. */
function imperative(input: SettingsInput): object[] {
  const settings = parseSettings(input);
  const { namespace, probe, pods } = bundle(
    identified({ ...settings, owner: fluxOwner(settings, fluxSchema.parse({})) }, SCRIPTS),
    SCRIPTS,
  );
  return [namespace, probe, ...pods.map(({ producer }) => producer), ...pods.map(({ consumer }) => consumer)];
}

describe("the export", () => {
  const variants: Record<string, SettingsInput> = {
    "the homelab": HOMELAB,
    "several nodes": { ...HOMELAB, nodes: ["k3s-w1", "k3s-w2"] },
    "images of their own": { ...HOMELAB, consumerImage: "busybox:1.37", producerImage: "rclone/rclone:1.71.2" },
    "names that YAML could misread": { nodes: ["on", "1e3", "0x1"], run: "yes", namespace: "n" },
  };
  for (const [what, input] of Object.entries(variants))
    it(`equals, object by object, what the imperative run applies: ${what}`, () => {
      deepEqual(objectsOf(exported(input)), JSON.parse(JSON.stringify(imperative(input))));
    });

  it("has the layout of the mission", () => {
    const names = ["namespace", "probe", "producer", "consumer", "kustomization"];
    deepEqual(
      [...exported().keys()],
      names.map((name) => `${ENTRY}/${name}.yaml`),
    );
  });

  it("is the same for the same settings, and says the same run however it is deployed", () => {
    deepEqual(exported(), exported());
    deepEqual(exported({ ...HOMELAB, mode: "flux" }), exported({ ...HOMELAB, mode: "run" }));
  });

  it("keeps apiVersion, kind, metadata and spec in this order, without nulls and anchors", () => {
    for (const [path, text] of exported({ ...HOMELAB, nodes: ["a", "b"] })) {
      for (const document of parseAllDocuments(text)) {
        const keys = Object.keys(document.toJS());
        deepEqual(keys.slice(0, 2), ["apiVersion", "kind"], path);
        if (!path.endsWith("/kustomization.yaml")) equal(keys[2], "metadata", path);
      }
      const yaml = text.split("\n").filter((line) => !line.trimStart().startsWith("#"));
      if (!path.endsWith("probe.yaml")) ok(!yaml.some((line) => /: (null|~|&|\*)|: *$\n(?! )/.test(line)), path);
    }
  });

  it("explains the fields a reviewer would ask about", () => {
    const files = exported();
    const producer = files.get(`${ENTRY}/producer.yaml`) ?? "";
    const consumer = files.get(`${ENTRY}/consumer.yaml`) ?? "";
    for (const field of [
      "privileged: true",
      "mountPropagation: Bidirectional",
      "hostPath:",
      "affinity:",
      "tolerations:",
    ])
      match(producer, new RegExp(`^ *# .+\\n *(- )?${field}`, "m"), field);
    for (const field of ["startupProbe:", "mountPropagation: None", "enableServiceLinks:", "activeDeadlineSeconds:"])
      match(consumer, new RegExp(`^ *# .+\\n *${field}`, "m"), field);
  });

  it("shows scripts as blocks, line by line as they are", () => {
    const probe = exported().get(`${ENTRY}/probe.yaml`) ?? "";
    for (const [name, script] of Object.entries(SCRIPTS)) {
      ok(probe.includes(`\n  ${name}: |\n`), name);
      ok(
        probe.includes(
          script
            .trimEnd()
            .split("\n")
            .map((line) => (line ? `    ${line}` : ""))
            .join("\n"),
        ),
        name,
      );
    }
  });

  it("can have a Flux Kustomization of its own", () => {
    const files = exported(HOMELAB, { kustomization: { sourceRef: { name: "homelab" }, timeout: "3m" } });
    const [flux] = parseAllDocuments(files.get(`${ENTRY}/flux.yaml`) ?? "").map((document) => document.toJS());
    deepEqual(flux.metadata, { name: "fuse-propagation-test", namespace: "flux-system" });
    deepEqual(flux.spec, {
      interval: "10m",
      retryInterval: "1m",
      timeout: "3m",
      path: `./${ENTRY}/app`,
      prune: true,
      wait: true,
      force: true,
      deletionPolicy: "WaitForTermination",
      sourceRef: { kind: "GitRepository", name: "homelab" },
    });
    ok(files.has(`${ENTRY}/app/producer.yaml`));
  });

  it("refuses places outside the checkout", () => {
    for (const flux of [
      { cluster: ".." },
      { path: "../x" },
      { path: "/etc" },
      { entry: "a/b" },
      { group: ".git" },
      { path: "a//b" },
    ])
      equal(fluxSchema.safeParse(flux).success, false, JSON.stringify(flux));
    deepEqual(places(fluxSchema.parse({ cluster: "prod", path: "k8s/{cluster}/apps", group: "lab", entry: "fuse" })), {
      cluster: "k8s/prod/apps",
      group: "k8s/prod/apps/lab",
      entry: "k8s/prod/apps/lab/fuse",
    });
  });
});

describe("the seal of an exported file", () => {
  const now = sealed("a: 1\nb: 2\n");

  it("tells what is current, older and edited", () => {
    equal(stateOf(undefined, now), "absent");
    equal(stateOf(now, now), "current");
    equal(stateOf(sealed("a: 0\n"), now), "older");
    equal(stateOf(now.replace("b: 2", "b: 3"), now), "edited");
    equal(stateOf(`${now}c: 3\n`, now), "edited");
    equal(stateOf("a: 1\nb: 2\n", now), "edited");
    equal(stateOf("", now), "edited");
  });

  it("does not mind line ends that a checkout converted", () => {
    equal(stateOf(now.replaceAll("\n", "\r\n"), now), "current");
    equal(stateOf(sealed("a: 0\n").replaceAll("\n", "\r\n"), now), "older");
  });
});
