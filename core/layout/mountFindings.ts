/** What is wrong with the volumes through which a mount should cross. */
import { type Finding, finding, type PatchOperation, set } from "./finding.ts";
import { type PairEnd, type Producer, type Reader, seenAt } from "./pairs.ts";
import { within } from "./workload.ts";

export function producerFindings(producer: Producer, readers: readonly Reader[]): Finding[] {
  const { workload, container, mount, point, volume } = producer;
  const read = readers.length > 0;
  const lone = readers.filter(({ beside }) => !beside);
  const findings: Finding[] = [];
  if (mount.propagation !== "Bidirectional") {
    if (read)
      findings.push(
        finding(
          "producer-not-bidirectional",
          workload,
          mount.at,
          `${container.name} mounts FUSE in its volume ${mount.volume} with propagation ${mount.propagation}: the mount stays in this container, and no reader ever sees it. Only Bidirectional, and with it privileged, gives it to the node (kubernetes.io/docs/concepts/storage/volumes/#mount-propagation).`,
          [set(`${mount.at}.mountPropagation`, "Bidirectional"), ...privilege(producer)],
        ),
      );
  } else if (!container.privileged)
    findings.push(
      finding(
        "producer-not-privileged",
        workload,
        container.at,
        `${container.name} mounts its volume ${mount.volume} with Bidirectional and is not privileged: the API server refuses such a pod (kubernetes.io/docs/concepts/storage/volumes/#mount-propagation).`,
        privilege(producer),
      ),
    );
  if (point !== undefined && point === volume && read)
    findings.push(bindsMountpoint("producer-binds-mountpoint", producer, 1));
  if (mount.subPath && read) findings.push(subPath(producer));
  if (mount.source.kind === "emptyDir" && lone.some(({ elsewhere }) => elsewhere))
    findings.push(
      finding(
        "bridge-not-hostpath",
        workload,
        mount.volumeAt,
        `The volume ${mount.volume}, in which ${container.name} mounts, is an emptyDir: it belongs to this pod alone, and no other pod sees what is mounted in it.`,
        `Make ${mount.volume} a hostPath in this pod and in its readers: a directory of the node that all of them name.`,
      ),
    );
  const device = container.mounts.find(({ source }) => source.kind === "hostPath" && source.path === "/dev/fuse");
  if (device && !container.privileged && !container.resources.some((name) => name.includes("/")))
    findings.push(
      finding(
        "device-without-plugin",
        workload,
        device.at,
        `${container.name} gets /dev/fuse as a hostPath and is not privileged: the file is there, and the device control group denies opening it (kubernetes/kubernetes#137549). Only a device plugin, which the kubelet asks, or privileged opens it.`,
        privilege(producer),
      ),
    );
  return findings;
}

function privilege({ container: { at, fields, privileged } }: PairEnd): PatchOperation[] {
  if (privileged) return [];
  return fields.securityContext === undefined
    ? [set(`${at}.securityContext`, { privileged: true })]
    : [
        set(`${at}.securityContext.privileged`, true),
        // The API server refuses the two together.
        ...("allowPrivilegeEscalation" in (fields.securityContext as object)
          ? [set(`${at}.securityContext.allowPrivilegeEscalation`, true)]
          : []),
      ];
}

/** The container's volume is the mount point, or so many levels below what is above it: give it the directory there. */
function bindsMountpoint(
  id: "producer-binds-mountpoint" | "consumer-binds-mountpoint",
  end: PairEnd,
  levels: number,
): Finding {
  const { workload, container, mount } = end;
  const up = (path: string): string => Array.from({ length: levels }).reduce<string>(parent, path);
  const [above, at] = [up(mount.source.kind === "hostPath" ? mount.source.path : "/"), up(mount.path)];
  const message =
    id === "producer-binds-mountpoint"
      ? `The volume ${mount.volume} of ${container.name} is the very mount point: when the daemon has died, its container cannot start again (\`mkdir …: file exists\`, fluid-cloudnative/fluid#1345), since the dead mount lies on its volume.`
      : `The volume ${mount.volume} of ${container.name} is what the daemon mounts on, or lies below it: the container keeps the mount that was there when it was made, and shows \`Transport endpoint is not connected\` until it is restarted (awslabs/mountpoint-s3-csi-driver#576).`;
  const fix =
    mount.source.kind === "hostPath" && above !== "/" && at !== "/"
      ? [
          set(`${mount.volumeAt}.hostPath.path`, above),
          set(`${mount.at}.mountPath`, at),
          ...(id === "consumer-binds-mountpoint" ? [set(`${mount.at}.mountPropagation`, "HostToContainer")] : []),
        ]
      : "Give it the directory above the mount point as its volume, in the daemon's pod and in the readers.";
  return finding(id, workload, `${mount.at}.mountPath`, message, fix);
}

const parent = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

const subPath = ({ workload, container, mount }: PairEnd): Finding =>
  finding(
    "subpath-used",
    workload,
    `${mount.at}.subPath`,
    `${container.name} mounts its volume ${mount.volume} with a subPath: that is bound once, when the container starts, and shows no mount that is made later (kubernetes/kubernetes#108681).`,
    [
      ...["subPath", "subPathExpr"]
        .filter((key) => key in mount.fields)
        .map((key): PatchOperation => ({ op: "remove", path: `${mount.at}.${key}` })),
      ...(mount.path.endsWith(`/${mount.subPath}`) && mount.path !== `/${mount.subPath}`
        ? [set(`${mount.at}.mountPath`, mount.path.slice(0, -mount.subPath.length - 1))]
        : []),
    ],
  );

export function readerFindings(reader: Reader): Finding[] {
  const { workload, container, mount, producer, volume, elsewhere } = reader;
  if (elsewhere)
    return [
      finding(
        "bridge-not-hostpath",
        workload,
        mount.volumeAt,
        `The volume ${mount.volume} of ${container.name}, at ${mount.path}, is not the directory in which ${producer.container.name} of ${producer.workload.object} mounts: it is ${mount.source.kind === "emptyDir" ? "an emptyDir, which belongs to this pod alone" : "another directory of the node"}.`,
        producer.mount.source.kind === "hostPath"
          ? [
              { op: "remove", path: `${mount.volumeAt}.${mount.source.kind}` },
              set(`${mount.volumeAt}.hostPath`, { path: producer.mount.source.path, type: "Directory" }),
              set(`${mount.at}.mountPropagation`, "HostToContainer"),
            ]
          : `Make the volume a hostPath in both pods: a directory of the node that both name.`,
      ),
    ];
  const findings: Finding[] = [];
  // Where only the volume is known, a directory below it is all but certainly what is mounted.
  const there = producer.point ?? producer.volume;
  const binds =
    mount.subPath === "" && within(volume, there) && (producer.point !== undefined || volume !== producer.volume);
  if (binds) {
    const deeper = volume.slice(there.length).split("/").length - 1;
    findings.push(
      bindsMountpoint("consumer-binds-mountpoint", reader, deeper + (producer.point === undefined ? 0 : 1)),
    );
  }
  if (mount.propagation === "None")
    findings.push(
      finding(
        "consumer-not-host-to-container",
        workload,
        mount.at,
        `${container.name} mounts its volume ${mount.volume} without mountPropagation: what the daemon mounts after this container has started never reaches it, nor does the mount that follows a crash (sirrobot01/decypharr#256).`,
        [set(`${mount.at}.mountPropagation`, "HostToContainer")],
      ),
    );
  if (mount.subPath) findings.push(subPath(reader));
  if (mount.recursiveReadOnly !== "" && mount.recursiveReadOnly !== "Disabled" && mount.propagation !== "None")
    findings.push(
      finding(
        "recursive-read-only",
        workload,
        `${mount.at}.recursiveReadOnly`,
        `${container.name} asks for recursiveReadOnly together with mountPropagation ${mount.propagation}: the API server refuses that, since recursiveReadOnly needs propagation None (KEP-3857). A read-only mount is the daemon's own to make (\`--read-only\`, \`ro\`).`,
        [{ op: "remove", path: `${mount.at}.recursiveReadOnly` }],
      ),
    );
  if (mount.source.kind === "hostPath" && mount.source.type === "DirectoryOrCreate")
    findings.push(
      finding(
        "directory-or-create-hides",
        workload,
        `${mount.volumeAt}.hostPath.type`,
        `The volume ${mount.volume} of a reader is of type DirectoryOrCreate: where the daemon has never run, the kubelet makes an empty directory, and the reader takes that for an empty library.`,
        [set(`${mount.volumeAt}.hostPath.type`, "Directory")],
      ),
    );
  return [...findings, ...differentPath(reader, binds)];
}

function differentPath(reader: Reader, binds: boolean): Finding[] {
  const { workload, container, mount, producer, volume } = reader;
  // What a subPath leads to, its own finding says.
  if (mount.subPath || producer.mount.subPath || (reader.beside && !binds && mount.path === producer.mount.path))
    return [];
  // The deepest directory that both can name.
  const place = [volume, producer.volume, producer.point ?? producer.volume].reduce((deepest, one) =>
    within(one, deepest) ? one : deepest,
  );
  const [here, there] = [seenAt(reader, place), seenAt(producer, place)];
  if (here === undefined || there === undefined || here === there) return [];
  const rest = here.slice(mount.path.length);
  const path = there.endsWith(rest) ? there.slice(0, there.length - rest.length) : "";
  return [
    finding(
      "different-paths",
      workload,
      `${mount.at}.mountPath`,
      `What ${producer.container.name} of ${producer.workload.object} has at ${there} is at ${here} in ${container.name}: a symbolic link with the one path leads nowhere with the other, and players and library managers lose their files.`,
      path.startsWith("/") && path !== "/"
        ? [set(`${mount.at}.mountPath`, path)]
        : `Mount it so that it is at ${there} in ${container.name}, too.`,
    ),
  ];
}
