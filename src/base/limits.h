/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h - the ceilings: whatever somebody else can grow ends here, with an ordinary error. */
#pragma once

#define LIMIT_CONFIG_JSON (4u << 20)   /* a bundle's config.json; Docker's own are below 64 KiB */
#define LIMIT_ARENA_SPEC (16u << 20)   /* what such a document may become in memory */
#define LIMIT_IMAGE_CONFIG (8u << 20)  /* an image's config blob; Docker Hub's largest are below 1 MiB */
#define LIMIT_MANIFEST (4u << 20)      /* image-spec: registries refuse manifests above 4 MiB */
#define LIMIT_PROC_FILE (4u << 20)     /* mountinfo of a node with tens of thousands of mounts */
#define LIMIT_CGROUP_FILE (1u << 20)   /* memory.stat, cgroup.procs of a large container */
#define LIMIT_ARENA_STATS (128u << 20) /* one look at what all containers use: 8 KiB each */
#define LIMIT_CGROUPS_BELOW 10000u     /* groups that a container made, looked at when its end is told */
#define LIMIT_KMSG_RECORDS 262144u    /* of the kernel log read in one go: 0.2 s; the largest usual ring holds as many */
#define LIMIT_RECORD (64u << 10)       /* outcome, intent, one record of ours */
#define LIMIT_ENDPOINT_LIST 256      /* aliases, upstreams, ranges of ports of one endpoint */
#define LIMIT_ENDPOINTS 65536        /* of all containers and networks of a state folder */
#define LIMIT_DNS_QUERY 4096u        /* bytes of one; names have 255, the rest are options */
#define LIMIT_DNS_UDP_REPLY 16384u   /* of an upstream; clients ask for 1232 to 4096 */
#define LIMIT_DNS_UPSTREAMS 8        /* of a container; resolv.conf(5) has at most 3 */
#define LIMIT_DNS_CLIENTS 32         /* connections of one container to its name service */
#define LIMIT_DNS_QUESTIONS 4096     /* forwarded ones that are not answered yet, and of one container */
#define LIMIT_DNS_QUESTIONS_EACH 256
#define LIMIT_RELAYS 1024            /* connections to [::1] of the host at the same time; each has two buffers of 16 KiB */
#define LIMIT_ARENA_ENDPOINT (256u << 10) /* what a record may become: three such lists and its texts */
#define LIMIT_ENV_FILE (1u << 20)      /* --env-file, --label-file */
#define LIMIT_ENV_COUNT 8192         /* variables of an image or a command; merging them takes the square */
#define LIMIT_PASSWD (1u << 20)        /* /etc/passwd and /etc/group of an image */
#define LIMIT_SUBID (1u << 20)        /* /etc/subuid, /etc/subgid: a line for each user of the host */
#define LIMIT_SUBID_RANGES 1000      /* of one user in it */
#define LIMIT_ALERT_RULES 256         /* of one tare watch; each is looked at for each container */
#define LIMIT_METRICS (64u << 20)       /* what Prometheus is told of one metric: 300 bytes for each container */
#define LIMIT_METRICS_PAGES 4 /* answers that are being read, each of one moment: 8 KiB for a container */
#define LIMIT_METRICS_CONNECTIONS 64   /* at the same time */
#define LIMIT_METRICS_CONNECTION (64u << 10) /* memory of one: the head of its request (Prometheus sends 400 bytes), a piece of the answer */
#define LIMIT_SETTINGS (64u << 10)    /* tare.conf */
#define LIMIT_CONTROL_MSG (8u << 20)   /* one request to a monitor: config.json and a little more */
#define LIMIT_EXEC_SESSIONS 64         /* at the same time in one container; each has up to nine descriptors */
#define LIMIT_SECCOMP_PROFILE (1u << 20) /* --security-opt seccomp=FILE */
#define LIMIT_NAME 128                 /* a container's, image's or volume's name, bytes */
#define LIMIT_LAYER_ENTRIES 1000000u   /* of one layer's archive; a full Debian has 100,000 */
#define LIMIT_LAYER_BYTES (256ull << 30) /* a layer's tar stream; the largest model images are below 100 GiB */
#define LIMIT_LAYER_NAMES (256u << 20) /* names of one layer's directories, kept until their times are set */
#define LIMIT_ENTRY_XATTRS 64          /* of one archive entry; Linux lists at most 64 KiB of names */
#define LIMIT_IMAGE_LAYERS 500         /* overlayfs' OVL_MAX_STACK; Docker stops at 128 */
#define LIMIT_ARENA_IMAGE (64u << 20)  /* config, manifest and index of one image, raw and parsed */
#define LIMIT_LAYOUT_FILES 10000u      /* blobs and documents in one image archive */
#define LIMIT_LAYOUT_IMAGES 1000u      /* images and names of images in one */
#define LIMIT_LAYOUT_ENTRIES 10000u    /* descriptors of all its indexes; they may be in each other more than once */
#define LIMIT_ARCHIVE_BYTES (1ull << 40) /* what such an archive may become; a layer in it ends earlier */
#define LIMIT_QUANTITY 1024u           /* the text of a Kubernetes quantity; zeros that change nothing may be many */
#define LIMIT_DEPTH 32                 /* of values in values, in JSON and YAML; a Deployment has 12 */
#define LIMIT_KUBE_MANIFEST (4u << 20) /* a file of manifests; etcd takes objects of 1.5 MiB */
#define LIMIT_KUBE_NODES 200000u       /* values of one document, aliases written out */
#define LIMIT_KUBE_KEYS 4096           /* of one object; each new one is compared with the others */
#define LIMIT_KUBE_OBJECTS 10000       /* of one file */
#define LIMIT_ARENA_KUBE (512u << 20)  /* what such a file may become */
#define LIMIT_KUBE_KEPT (128u << 20)   /* what all objects may become when they are read: who changes some reads all twice */
#define LIMIT_KUBE_REMARKS 200         /* unknown and unsupported fields that are named */
#define LIMIT_KUBE_RESOURCES 64        /* kinds of resources in one list; adding one takes the square */
#define LIMIT_KUBE_CONTAINERS 256      /* of one pod, and its volumes; their names are compared with each other */
#define LIMIT_TOKEN (256u << 10)       /* what a token service answers; the largest tokens are below 32 KiB */
#define LIMIT_PULL_TAGS 10000u       /* of one repository, for pull --all-tags */
#define LIMIT_DOCKER_CONFIG (1u << 20) /* ~/.docker/config.json, and what a credential helper says */
#define LIMIT_NETLINK (16u << 20)      /* requests that go to the kernel at once: 100,000 elements of a set of rules */
#define LIMIT_NET_LINKS 64             /* networks of one container */
#define LIMIT_NET_ROUTES 4096u         /* of the host, looked at when a subnet is chosen */
#define LIMIT_NET_CLOSED 4096u         /* interfaces that do not forward when forwarding is turned on, of both families */
#define LIMIT_NET_CLOSED_NOTE (256u << 10) /* twice as many as that, with the longest names and all words */
#define LIMIT_NFT_SEEN 65536u         /* tables, chains, sets or rules of anybody that are read; kube-proxy makes 20,000 */
#define LIMIT_CNI_TEXT (1u << 20)     /* a list of plugins, and what one says; both are below 8 KiB */
#define LIMIT_CNI_PLUGINS 64         /* of one list */
#define LIMIT_CNI_ADDRESSES 64       /* that plugins give one interface */
#define LIMIT_CNI_FILES 1000         /* in the folder of lists */
