/** The FUSE daemon cannot mount: what the node, the container or the image lacks. */
import { READERS } from "../../contract/readers.ts";
import type { ProbeRecord, RecordOf, WriterOf } from "../../contract/records.ts";
import type { Evidence } from "../../evidence/evidence.ts";
import type { Cause, Quote } from "./cause.ts";
import {
  containerQuotes,
  gaveUp,
  isFuse,
  isStartedAgain,
  kubeletQuotes,
  mountFailures,
  mounts,
  notRead,
  of,
  recordQuote,
  some,
  sourceOf,
  superOptionsOf,
} from "./read.ts";
import { mountPoint, NO_FUSERMOUNT, saysInOneLine, saysOf, TOO_MANY_MOUNTS } from "./words.ts";

export const fuseUnavailable: Cause = {
  id: "fuse-unavailable",
  outcome: "inconclusive",
  symptom: "`fuse: device not found`: no `/dev/fuse`, or no `fuse` in `/proc/filesystems`.",
  explanation: "The node's kernel does not offer FUSE.",
  fix: "Run `modprobe fuse` on the node, and have it loaded at boot (/etc/modules-load.d).",
  find: (evidence) =>
    // To open the device loads the module: where that worked, the kernel had no FUSE only until then.
    afterPreflight(
      evidence,
      ({ fuse, device }) => (fuse === "no" && device !== "yes") || (device === "no" && isPrivileged(evidence)),
    ),
};

export const fuseDeviceDenied: Cause = {
  id: "fuse-device-denied",
  outcome: "inconclusive",
  symptom: "`fusermount: failed to open /dev/fuse: Operation not permitted`, even with CAP_SYS_ADMIN.",
  explanation: "The producer's container may not open /dev/fuse: its device rules leave the device out.",
  fix: "Make the producer privileged, with mountPropagation: Bidirectional; a device plugin alone gives no propagation (kubernetes/kubernetes#137549).",
  find: (evidence) =>
    afterPreflight(
      evidence,
      ({ fuse, device }) =>
        device === "EPERM" || device === "EACCES" || (fuse === "yes" && device === "no" && !isPrivileged(evidence)),
    ),
};

export const fusermountMissing: Cause = {
  id: "fusermount-missing",
  outcome: "inconclusive",
  symptom: '`exec: "fusermount": executable file not found in $PATH`.',
  explanation: "The FUSE daemon calls fusermount, and the producer's image has none of the name it calls.",
  fix: "Install fuse or fuse3 in the producer's image, or link fusermount to fusermount3.",
  find: (evidence) => said(evidence, saysInOneLine(NO_FUSERMOUNT)),
};

export const mountLimit: Cause = {
  id: "mount-limit",
  outcome: "inconclusive",
  symptom: "`no space left on device` from a mount, or `too many FUSE filesystems mounted`.",
  explanation: "A limit on the number of mounts is reached.",
  fix: "Take leaked mounts away (`findmnt | wc -l` on the node), or raise fs.mount-max or mount_max in /etc/fuse.conf.",
  find: (evidence) => said(evidence, saysOfLimit) ?? some(kubeletQuotes(evidence, saysOfLimit)),
};

export const lsmDenies: Cause = {
  id: "lsm-denies",
  outcome: "failure",
  symptom:
    "The mount, or reading it, ends in `Permission denied` in a container with an AppArmor profile or an SELinux type.",
  explanation: "A security module of the node (AppArmor or SELinux) denies the mount, or its use.",
  fix: "Run the producer with an unconfined AppArmor profile; with SELinux, `setsebool -P virt_sandbox_use_fusefs 1`.",
  find: deniedBySecurityModule,
};

export const producerNeverMounted: Cause = {
  id: "producer-never-mounted",
  outcome: "inconclusive",
  symptom: "The daemon ends at once, or runs and mounts nothing.",
  explanation:
    "The FUSE daemon in the producer mounted nothing, or nothing that stayed: there was nothing to propagate.",
  fix: "Fix what the daemon reports in the evidence: its image, its options, or /dev/fuse on the node (`modprobe fuse`).",
  find: (evidence) => {
    // That a later mount failed is no news of the first one.
    if (mounts(evidence).length > 0) return undefined;
    const failed = gaveUp(evidence).filter(({ step }) => step === "mount");
    if (failed.length > 0) return failed.map(recordQuote);
    // More than its end may explain why it failed, once a reader has looked.
    if (mountFailures(evidence).length > 0) return undefined;
    const ended = containerQuotes(
      evidence.pods.filter(({ component }) => component === "producer"),
      (one, pod) =>
        one.state === "terminated" &&
        one.exitCode !== 0 &&
        (evidence.final || !isStartedAgain(pod, one)) &&
        // Its log tells more, once it is read.
        !evidence.unread?.includes(`${pod.name}/${one.name}`),
    );
    return some(ended);
  },
};

const said = (evidence: Evidence, matches: (words: string) => boolean): readonly Quote[] | undefined =>
  some(
    gaveUp(evidence)
      .filter(({ step, detail }) => step === "mount" && matches(detail ?? ""))
      .map(recordQuote),
  );

/**
 * The kernel's answer to mount(2), as mount, fusermount and the runtimes hand it on. A full disk is reported in the same words,
 * by whoever makes a directory or writes a file on the way to a mount.
 */
const saysOfLimit = (text: string): boolean =>
  saysInOneLine(TOO_MANY_MOUNTS)(text) ||
  saysInOneLine(
    /no space left on device/i,
    /mount failed|mount: mounting |mount\(2\)|\berror mounting\b|\bmounting \\*"[^"]*" to rootfs\b|\bmount src=|\bmount `|\bmount through procfd/i,
    /^(?!.*\b(mkdir(at)?|write|writing|create mountpoint|creating|copy|open|loop device|make mountpoint)\b)/i,
  )(text);

function isPrivileged({ pods }: Evidence): boolean {
  const own = pods.filter(({ component }) => component === "producer").flatMap(({ spec }) => spec?.containers ?? []);
  return own.length === 0 || own.some(({ privileged }) => privileged);
}

/** What the preflight found missing is a cause only where the mount then failed. */
function afterPreflight(
  evidence: Evidence,
  matches: (record: RecordOf<"preflight">) => boolean,
): readonly Quote[] | undefined {
  const failed = gaveUp(evidence).filter(({ step }) => step === "mount");
  const missing = of(evidence, "producer", "preflight").filter(matches);
  if (failed.length === 0 || missing.length === 0) return undefined;
  const words = missing.map((record) => ({
    source: sourceOf(record),
    text: `fuse in /proc/filesystems: ${record.fuse}; /dev/fuse opens: ${record.device}`,
  }));
  return some([...words, ...failed.map(recordQuote)]);
}

const isOpen = (options: readonly string[]): boolean =>
  options.includes("allow_other") && !options.includes("default_permissions");
const isDenial = ({ errno }: ProbeRecord): boolean => errno === "EACCES" || errno === "EPERM";
const DENIAL = /permission denied|operation not permitted/i;
/** A daemon is denied many things, by its remote for one: the mount is denied where the line is about a mount. */
const isMountDenial = (evidence: Evidence, { detail }: ProbeRecord): boolean =>
  saysInOneLine(DENIAL, /\bmount\b|\bfusermount3?\b|\/dev\/fuse/i)(detail) ||
  saysOf([mountPoint(evidence)], DENIAL)(detail);
/** `docker-default (enforce)`, or an SELinux context of the type containers run as. */
const isConfined = (label = ""): boolean => /\(enforce\)/.test(label) || isTyped(label);
const isTyped = (label = ""): boolean => /:(container|svirt_lxc_net)_t\b/.test(label);
/** What a runtime puts every container under that asks for nothing else: containerd's, Docker's, CRI-O's, Podman's. */
const isRuntimesOwn = (label = ""): boolean =>
  /^(cri-containerd\.apparmor\.d|docker-default|crio-default|containers-default-[\d.]+) /.test(label);
type LabelledRole = WriterOf<"identity">;

function deniedBySecurityModule(evidence: Evidence): readonly Quote[] | undefined {
  // The runtime's own profile, which every container of a node with AppArmor has, lets it read: a reader's proves nothing.
  const labelOf = (role: LabelledRole) =>
    of(evidence, role, "identity").filter(
      ({ label }) => isConfined(label) && (role === "producer" || !isRuntimesOwn(label)),
    );
  const readers = notRead(evidence) ? READERS.filter((role) => !allowed(evidence, labelsOf(evidence, role))) : [];
  const denied = [
    ...gaveUp(evidence).filter((record) =>
      record.step === "mount" ? isMountDenial(evidence, record) : isDenial(record),
    ),
    // Without allow_other FUSE itself denies other users, with default_permissions a file's mode: neither needs a module.
    ...readers.flatMap((role) =>
      of(evidence, role, "read").filter(
        (record) => isDenial(record) && isFuse(record.mountinfo) && isOpen(superOptionsOf(record.mountinfo)),
      ),
    ),
  ];
  const labels = [...new Set(denied.map(({ role }) => role))].flatMap(labelOf).map((record) => ({
    source: sourceOf(record),
    text: `/proc/self/attr/current: ${record.label}`,
  }));
  return labels.length > 0 ? some([...labels, ...denied.map(recordQuote)]) : undefined;
}

const labelsOf = (evidence: Evidence, role: LabelledRole): string[] =>
  of(evidence, role, "identity").map(({ label }) => String(label));

/** Whether a reader with one of these labels reads through FUSE: then it is not the label that is denied. */
const allowed = (evidence: Evidence, labels: readonly string[]): boolean =>
  READERS.some(
    (role) =>
      labelsOf(evidence, role).some((label) => labels.includes(label)) &&
      of(evidence, role, "read").some(({ result, mountinfo }) => result === "ok" && isFuse(mountinfo)),
  );
