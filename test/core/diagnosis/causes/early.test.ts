/** When a cause may be named: not while the cluster may still repair it, and not only when the time is over. */
import assert from "node:assert/strict";
import type { Component } from "../../../../core/contract/readers.ts";
import { judge } from "../../../../core/diagnosis/verdict.ts";
import type { Evidence, PodFact } from "../../../../core/evidence/evidence.ts";
import { evidence, pending, running, waiting } from "../../evidence/evidence.ts";
import { made } from "./pods.ts";

const event = (object: string, reason: string, message: string, count = 1) => ({ object, reason, message, count });
const failed = (component: Component, reason: string, message: string): PodFact => ({
  ...running(component, []),
  phase: "Failed",
  reason,
  message,
});
const consumer = running("consumer", ["fuse-control", "fuse-consumer"]);
const pulling = (reason: string, message: string) => waiting("producer", "fuse-producer", reason, message);
const pullFailed = (message: string, count: number) => event("pod/fuse-producer", "Failed", message, count);

const DEAD = 'failed to stat "/tmp/fuse-test-bridge": stat /tmp/fuse-test-bridge: transport endpoint is not connected';
const BACK_OFF = 'Back-off pulling image "rclone/rclone:1.71.2"';
const UNREACHABLE =
  'Failed to pull image "rclone/rclone:1.71.2": failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: i/o timeout';
const NOT_FOUND =
  'Failed to pull image "rclone/rclone:9": rpc error: code = NotFound desc = failed to resolve reference "docker.io/rclone/rclone:9": docker.io/rclone/rclone:9: not found';
const DENIED =
  "failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://ghcr.io/token: 401 Unauthorized";
const LIMITED =
  "failed to copy: httpReadSeeker: unexpected status code https://registry-1.docker.io/v2/rclone/rclone/manifests/1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit";
const QUOTA =
  'pods "fuse-producer" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=4, limited: pods=4';

const cases: readonly [what: string, cause: string | undefined, Partial<Evidence>][] = [
  ["one failed pull of an image", undefined, { pods: [pulling("ErrImagePull", UNREACHABLE), consumer] }],
  [
    "the first wait for another try",
    undefined,
    { pods: [pulling("ImagePullBackOff", BACK_OFF), consumer], events: [pullFailed(UNREACHABLE, 1)] },
  ],
  [
    "a pull that failed twice with the same words",
    "image-unavailable",
    { pods: [pulling("ImagePullBackOff", BACK_OFF), consumer], events: [pullFailed(UNREACHABLE, 2)] },
  ],
  [
    "a pull that failed twice, each time in other words",
    "image-unavailable",
    {
      pods: [pulling("ImagePullBackOff", BACK_OFF), consumer],
      events: [pullFailed(UNREACHABLE, 1), pullFailed(`${UNREACHABLE} again`, 1)],
    },
  ],
  [
    "an image that does not exist, as the event tells",
    "image-unavailable",
    { pods: [pulling("ImagePullBackOff", BACK_OFF), consumer], events: [pullFailed(NOT_FOUND, 1)] },
  ],
  ["an image that asks for credentials", "image-unavailable", { pods: [pulling("ErrImagePull", DENIED), consumer] }],
  ["a registry's rate limit, met once", undefined, { pods: [pulling("ErrImagePull", LIMITED), consumer] }],
  [
    "a dead mount in the consumer's way, while the producer's image may yet come and say whose it is",
    undefined,
    {
      pods: [
        { ...pulling("ErrImagePull", UNREACHABLE), spec: made("producer") },
        { ...waiting("consumer", "fuse-consumer", "CreateContainerError", DEAD), spec: made("consumer") },
      ],
    },
  ],
  ["a quota that is full", "admission-refused", { pods: [consumer], refusals: [QUOTA] }],
  [
    "a webhook that denies",
    "admission-refused",
    {
      pods: [consumer],
      refusals: [
        'admission webhook "validate.kyverno.svc-fail" denied the request: resource Pod/fuse-test/fuse-producer was blocked',
      ],
    },
  ],
  ["a full quota, of pods that are there", undefined, { refusals: [QUOTA] }],
  [
    "a level of Pod Security that came after the pods",
    undefined,
    { refusals: ['pods "fuse-producer" is forbidden: violates PodSecurity "baseline:latest": privileged'] },
  ],
  [
    "a webhook that takes no dry run",
    undefined,
    {
      pods: [consumer],
      refusals: ['admission webhook "inject.example.com" does not support dry run'],
      final: false,
    },
  ],
  [
    "a user who collects, and may not create pods",
    undefined,
    {
      pods: [consumer],
      refusals: [
        'pods is forbidden: User "reader" cannot create resource "pods" in API group "" in the namespace "fuse-test"',
      ],
    },
  ],
  [
    "a webhook that is not up yet",
    undefined,
    {
      pods: [consumer],
      refusals: ['Internal error occurred: failed calling webhook "mutate.example.com": connect: connection refused'],
    },
  ],
  [
    "a controller that may not make the pod",
    "admission-refused",
    { pods: [consumer], events: [event("replicaset/media-6d4c", "FailedCreate", `Error creating: ${QUOTA}`)] },
  ],
  ...[
    "OutOfephemeral-storage",
    "OutOfcpu",
    "Terminated",
    "Preempting",
    "NodeShutdown",
    "Evicted",
    "AppArmor",
    "PodFeatureUnsupported",
    "PodLevelResourcesNotSupported",
  ].map((reason): [string, string, Partial<Evidence>] => [
    `the kubelet's ${reason}`,
    "node-unavailable",
    { pods: [failed("producer", reason, "in the kubelet's words"), consumer] },
  ]),
  [
    "a pod whose time was over before it could tell anything",
    "window-over",
    {
      pods: [
        failed("producer", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
        failed("consumer", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
      ],
    },
  ],
  [
    "a pod whose time was over, and whose log is still being read",
    undefined,
    {
      unread: ["fuse-producer/fuse-producer"],
      pods: [
        {
          ...failed("producer", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
          containers: [{ name: "fuse-producer", state: "terminated", reason: "Error", message: "", exitCode: 137 }],
        },
        consumer,
      ],
    },
  ],
  ...(["OOMKilled", "Error"] as const).flatMap((reason): [string, string | undefined, Partial<Evidence>][] => {
    const containers = [
      {
        name: "fuse-producer",
        state: "terminated" as const,
        reason,
        message: "",
        exitCode: reason === "Error" ? 1 : 137,
      },
    ];
    const spec = made("producer", { restartPolicy: "OnFailure" });
    const ended = (phase: string) => ({ pods: [{ ...running("producer", []), phase, spec, containers }, consumer] });
    return [
      [
        `a container that ended before its daemon mounted (${reason}), in a pod that starts it again`,
        undefined,
        ended("Running"),
      ],
      [
        `a container that ended before its daemon mounted (${reason}), and its pod with it`,
        reason === "Error" ? "producer-never-mounted" : "daemon-killed",
        ended("Failed"),
      ],
    ];
  }),
  ["a pod that waits for a node's memory", undefined, { pods: [pending("producer", "Insufficient memory"), consumer] }],
];

describe("a cause is named as soon as it is certain, and no sooner", () => {
  for (const [what, cause, more] of cases)
    it(`${cause ?? "none yet"}: ${what}`, () => assert.equal(judge(evidence(more))?.cause, cause));
});
