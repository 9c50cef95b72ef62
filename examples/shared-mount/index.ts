/**
 * A FUSE mount for other pods, and one that reads it: the objects of `npm run recipe`, in a stack of your own.
 *
 *   pulumi config set node my-node         # one with grade A or B
 *   pulumi config set image rclone/rclone:1.71.2
 */
import { Deployment } from "@pulumi/kubernetes/apps/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import { FuseMount } from "../../components/fuseMount.ts";

const config = new pulumi.Config();
const image = config.require("image");

const media = new FuseMount("media", {
  nodes: [config.require("node")],
  grade: "A",
  image,
  createNamespace: true,
  tolerations: [{ key: "node.longhorn.io/storage", operator: "Exists", effect: "NoSchedule" }],
});

const { labels, placement, gate, volume, volumeMount, livenessProbe } = media.reader;
const matchLabels = { app: "films" };

const films = new Deployment(
  "films",
  {
    metadata: { name: "films", namespace: "media" },
    spec: {
      selector: { matchLabels },
      template: {
        metadata: { labels: { ...matchLabels, ...labels } },
        spec: {
          ...placement,
          enableServiceLinks: false,
          initContainers: [gate],
          containers: [
            {
              name: "films",
              image,
              command: ["sh", "-c", `trap 'exit 0' TERM; while :; do ls -A ${media.mountPoint}; sleep 1; done`],
              securityContext: { runAsUser: 1000 },
              volumeMounts: [volumeMount],
              livenessProbe,
            },
          ],
          volumes: [volume],
        },
      },
    },
  },
  { dependsOn: [media] },
);

export const mountPoint = media.mountPoint;
export const reader = films.metadata.name;
