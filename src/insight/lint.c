/* SPDX-License-Identifier: Apache-2.0 */
#include "insight/lint.h"

#include "base/scope.h"

#include <string.h>

#define MIB (INT64_C(1) << 20)
#define SMALL_MEMORY (16 * MIB) /* a shell, its files and the kernel's own memory for it need some 2 MiB, a runtime 10 */

/* ---- what the rules ask -------------------------------------------------------------------------------------------- */

static bool privileged(const struct lint_subject *s)
{
	return s->privileged;
}

static bool is_socket(const char *path)
{
	static const char *const sockets[] = { "docker.sock", "containerd.sock", "podman.sock", "crio.sock" };
	const char *name = strrchr(path, '/');

	for (size_t i = 0; name && i < ARRAY_LEN(sockets); i++)
		if (strcmp(name + 1, sockets[i]) == 0)
			return true;
	return false;
}

/* Read-only makes no difference: a socket is written to all the same. */
static bool engine_socket(const struct lint_subject *s)
{
	for (size_t i = 0; i < s->sources.n; i++)
		if (is_socket(s->sources.v[i]))
			return true;
	for (size_t i = 0; i < s->ro_sources.n; i++)
		if (is_socket(s->ro_sources.v[i]))
			return true;
	return false;
}

static bool host_folders(const struct lint_subject *s)
{
	static const char *const folders[] = { "/",    "/boot", "/dev", "/etc",     "/lib", "/proc",   "/root",
					       "/sys", "/usr",  "/var", "/var/lib", "/run", "/var/run" };

	for (size_t i = 0; i < s->sources.n; i++)
		for (size_t k = 0; k < ARRAY_LEN(folders); k++)
			if (strcmp(s->sources.v[i], folders[k]) == 0)
				return true;
	return false;
}

static bool capabilities(const struct lint_subject *s)
{
	static const char *const strong[] = {
		"ALL",           "CAP_SYS_ADMIN", "CAP_SYS_MODULE",      "CAP_SYS_PTRACE",
		"CAP_SYS_RAWIO", "CAP_NET_ADMIN", "CAP_DAC_READ_SEARCH", "CAP_BPF",
		"CAP_SYS_BOOT",  "CAP_SYS_TIME",  "CAP_PERFMON",         "CAP_MAC_ADMIN"
	};

	for (size_t i = 0; i < s->cap_add.n; i++)
		for (size_t k = 0; k < ARRAY_LEN(strong); k++)
			if (strcmp(s->cap_add.v[i], strong[k]) == 0)
				return true;
	return false;
}

static bool host_namespaces(const struct lint_subject *s)
{
	return s->host_pid || s->host_net || s->host_ipc || s->host_uts || s->host_user;
}

static bool unconfined(const struct lint_subject *s)
{
	return !s->privileged && (s->seccomp_unconfined || s->apparmor_unconfined || s->systempaths_unconfined);
}

static bool devices(const struct lint_subject *s)
{
	return s->devices || s->device_rules;
}

static bool no_limits(const struct lint_subject *s)
{
	return s->memory_bytes <= 0 && s->nano_cpus <= 0 && s->cpu_quota_us <= 0 && s->pids_limit <= 0;
}

static bool no_memory_limit(const struct lint_subject *s)
{
	return s->memory_bytes <= 0 && !no_limits(s);
}

static bool memory_small(const struct lint_subject *s)
{
	return s->memory_bytes > 0 && s->memory_bytes < SMALL_MEMORY;
}

/* ---- what a runtime was told of its heap ---------------------------------------------------------------------------- */

/* "512m", "2G", "1GiB", "256"; without a letter times `plain`. -1: it is none. */
static int64_t heap_size(struct sv text, int64_t plain)
{
	static const char letters[] = "kmgt";
	const char *letter;
	size_t n = 0;
	uint64_t v;
	int64_t bytes;

	while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	if (!n || sv_u64((struct sv){ text.p, n }, &v) < 0 || v > INT64_MAX)
		return -1;
	letter = n < text.n ? strchr(letters, text.p[n] | 0x20) : NULL;
	if (letter && *letter)
		plain = INT64_C(1) << (10 * (letter - letters + 1));
	return __builtin_mul_overflow((int64_t)v, plain, &bytes) ? INT64_MAX : bytes;
}

/* Of one word or variable: Java's, Node's and Go's ways to say it, anywhere in it. */
static int64_t heap_in(const char *text)
{
	static const struct {
		const char *word;
		int64_t plain;
	} ways[] = { { "-Xmx", 1 },
		     { "-XX:MaxHeapSize=", 1 },
		     { "--max-old-space-size=", MIB },
		     { "--max_old_space_size=", MIB },
		     { "GOMEMLIMIT=", 1 } };
	int64_t most = -1;

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		const char *at = strstr(text, ways[i].word);
		int64_t size = at ? heap_size(sv_from(at + strlen(ways[i].word)), ways[i].plain) : -1;

		most = size > most ? size : most;
	}
	return most;
}

/* What is left beside the heap has to hold threads, code, libraries and the kernel's own: a tenth is too little. */
static bool memory_runtime(const struct lint_subject *s)
{
	int64_t most = -1, size;

	for (size_t i = 0; i < s->env.n; i++)
		most = (size = heap_in(s->env.v[i])) > most ? size : most;
	for (size_t i = 0; i < s->args.n; i++)
		most = (size = heap_in(s->args.v[i])) > most ? size : most;
	return s->memory_bytes > 0 && most > s->memory_bytes / 10 * 9;
}

static bool limit_without_request(const struct lint_subject *s)
{
	return (s->memory_bytes > 0 && s->memory_request_bytes <= 0) ||
	       (s->nano_cpus > 0 && s->cpu_request_milli <= 0);
}

/* ---- the others ----------------------------------------------------------------------------------------------------- */

static bool memory_observed(const struct lint_subject *s)
{
	return s->memory_bytes > 0 && (s->oom_kills > 0 || s->peak_bytes >= s->memory_bytes / 100 * 95);
}

/* 0 is the same as none given: as much swap again. */
static bool memory_swap(const struct lint_subject *s)
{
	return s->memory_bytes > 0 && s->memory_swap_bytes == 0;
}

static bool oom_protected(const struct lint_subject *s)
{
	return s->oom_score_adj <= -900 || (s->oom_kill_disable && s->memory_bytes <= 0);
}

/* A quota of less than one CPU, or one that is seen to hold it back. */
static bool cpu_throttles(const struct lint_subject *s)
{
	bool some = s->nano_cpus > 0 || s->cpu_quota_us > 0;
	int64_t period = s->cpu_period_us > 0 ? s->cpu_period_us : 100000;

	return some && (s->throttled_percent >= 5 || (s->nano_cpus > 0 && s->nano_cpus < 1000000000) ||
			(s->cpu_quota_us > 0 && s->cpu_quota_us < period));
}

static bool pids(const struct lint_subject *s)
{
	return s->pids_limit <= 0 && !no_limits(s);
}

static bool logs(const struct lint_subject *s)
{
	return s->logs_unlimited;
}

static bool root_user(const struct lint_subject *s)
{
	bool root = !s->user || strcmp(s->user, "root") == 0 || strcmp(s->user, "0") == 0 ||
		    strncmp(s->user, "0:", 2) == 0 || strncmp(s->user, "root:", 5) == 0;

	return root && !s->own_users;
}

static bool writable_root(const struct lint_subject *s)
{
	return !s->readonly_root;
}

static bool new_privileges(const struct lint_subject *s)
{
	return !s->no_new_privileges && !s->privileged;
}

static bool latest(const struct lint_subject *s)
{
	const char *slash = s->image ? strrchr(s->image, '/') : NULL, *name = slash ? slash + 1 : s->image, *tag;

	if (!name || strchr(name, '@') || strncmp(name, "sha256:", 7) == 0)
		return false;
	tag = strchr(name, ':');
	return !tag || strcmp(tag, ":latest") == 0;
}

static bool is_secret(const char *variable)
{
	static const char *const words[] = {
		"PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "PRIVATE_KEY"
	};
	const char *equals = strchr(variable, '=');
	struct sv name = { variable, equals ? (size_t)(equals - variable) : 0 };

	if (!equals || !equals[1] || sv_has_suffix(name, "_FILE"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (memmem(name.p, name.n, words[i], strlen(words[i])))
			return true;
	return false;
}

static bool secrets(const struct lint_subject *s)
{
	for (size_t i = 0; i < s->env.n; i++)
		if (is_secret(s->env.v[i]))
			return true;
	return false;
}

/* ---- the table ----------------------------------------------------------------------------------------------------- */

static const struct rule {
	const char *name;
	enum lint_weight weight;
	bool (*speaks)(const struct lint_subject *s);
	const char *reason;
	const char *better[LINT_FORMS]; /* NULL: the rule says nothing of that form */
} rules[] = {
	{ "privileged",
	  LINT_DANGER,
	  privileged,
	  "privileged is all capabilities, all devices and no seccomp: root in it is root of the host",
	  { "name what it needs: --cap-add NAME, --device PATH",
	    "cap_add and devices: of what it needs",
	    "securityContext: { capabilities: { add: [NAME] } } of what it needs" } },
	{ "engine-socket",
	  LINT_DANGER,
	  engine_socket,
	  "whoever may write to the engine's socket can start a privileged container: root of the host; :ro does not help",
	  { "leave it out, or put a proxy in between that allows few requests",
	    "leave it out, or put a proxy in between that allows few requests",
	    "leave it out, or put a proxy in between that allows few requests" } },
	{ "host-folders",
	  LINT_DANGER,
	  host_folders,
	  "a folder of the host's system can be written: programs and accounts of the host can be changed from inside",
	  { "mount only what is needed, and with :ro",
	    "a named volume, or read_only: true",
	    "a persistentVolumeClaim or emptyDir, or readOnly: true in volumeMounts" } },
	{ "capabilities",
	  LINT_DANGER,
	  capabilities,
	  "a capability that was added reaches beyond the container (SYS_ADMIN, NET_ADMIN, SYS_PTRACE and their like)",
	  { "--cap-drop ALL and --cap-add of only what the program is refused; often a --device, a --sysctl or a user namespace is enough",
	    "cap_drop: [ALL] and cap_add: of only what the program is refused",
	    "securityContext: { capabilities: { drop: [ALL], add: [of only what the program is refused] } }" } },
	{ "host-namespaces",
	  LINT_DANGER,
	  host_namespaces,
	  "a namespace of the host is used: its processes, its network or its users are seen and can be reached",
	  { "leave out --pid host, --network host, --ipc host, --uts host, --userns host; -p publishes a port",
	    "leave out pid: host, network_mode: host, ipc: host, userns_mode: host; ports: publishes a port",
	    "leave out hostPID, hostNetwork, hostIPC; a Service or a hostPort makes a port reachable" } },
	{ "unconfined",
	  LINT_DANGER,
	  unconfined,
	  "seccomp, AppArmor or the masks of /proc are switched off",
	  { "--security-opt seccomp=FILE with the one call that is missing",
	    "security_opt: [seccomp=FILE] with the one call that is missing",
	    "seccompProfile: { type: RuntimeDefault }, or Localhost with the one call that is missing" } },
	{ "devices",
	  LINT_DANGER,
	  devices,
	  "a device of the host can be used directly: a disk by it is read and written past all rights of files",
	  { "--device PATH:PATH:r where reading is enough",
	    "devices: [PATH:PATH:r] where reading is enough",
	    NULL } },
	{ "no-limits",
	  LINT_TROUBLE,
	  no_limits,
	  "no limit at all: one such container can take all memory, all CPUs and all process numbers of the host",
	  { "--memory 512m --memory-swap 512m --cpus 1 --pids-limit 512",
	    "mem_limit: 512m, memswap_limit: 512m, cpus: 1, pids_limit: 512",
	    "resources: { requests: { cpu: 500m, memory: 512Mi }, limits: { memory: 512Mi } }" } },
	{ "no-memory-limit",
	  LINT_TROUBLE,
	  no_memory_limit,
	  "no memory limit: when it grows, the OOM killer looks for a victim on the whole host",
	  { "--memory with a margin above the peak that tare stats shows",
	    "mem_limit: with a margin above the peak that tare stats shows",
	    "resources.limits.memory with a margin above the peak, and the same as request" } },
	{ "memory-small",
	  LINT_TROUBLE,
	  memory_small,
	  "the memory limit is below what a start and a small runtime need: page cache and the kernel's memory count too",
	  { "--memory 32m or more",
	    "mem_limit: 32m or more",
	    "resources.limits.memory: 32Mi or more" } },
	{ "memory-runtime",
	  LINT_TROUBLE,
	  memory_runtime,
	  "the heap that Java, Node or Go was told to use leaves less than a tenth of the memory limit for all the rest: it will be killed, not collected",
	  { "--memory a third above the heap, or a smaller heap",
	    "mem_limit: a third above the heap, or a smaller heap",
	    "resources.limits.memory a third above the heap, or a smaller heap" } },
	{ "memory-observed",
	  LINT_TROUBLE,
	  memory_observed,
	  "the memory limit is below what was observed: it was reached",
	  { "--memory well above the peak; tare explain shows it",
	    "mem_limit: well above the peak; tare explain shows it",
	    "resources.limits.memory well above the peak; tare explain shows it" } },
	{ "memory-swap",
	  LINT_TROUBLE,
	  memory_swap,
	  "a memory limit alone (and a limit of both that is 0) allows as much swap again: the limit is met by becoming slow",
	  { "--memory-swap equal to --memory for no swap at all; CAP_SYS_RESOURCE is no cure",
	    "memswap_limit: equal to mem_limit: for no swap at all; CAP_SYS_RESOURCE is no cure",
	    NULL } },
	{ "oom-protected",
	  LINT_TROUBLE,
	  oom_protected,
	  "the OOM killer is kept from it: other programs of the host are killed instead, or it hangs",
	  { "a memory limit, and no --oom-kill-disable or --oom-score-adj near -1000",
	    "mem_limit: and no oom_kill_disable: or oom_score_adj: near -1000",
	    NULL } },
	{ "cpu-throttles",
	  LINT_TROUBLE,
	  cpu_throttles,
	  "the CPU limit will throttle a program of several threads: they use it up together, then all wait for the rest of the period",
	  { "--cpus of at least the number of busy threads, or --cpu-shares, which only counts when the CPUs are busy",
	    "cpus: of at least the number of busy threads, or cpu_shares:, which only counts when the CPUs are busy",
	    "resources.requests.cpu alone, which only counts when the CPUs are busy, or a limit of the number of busy threads" } },
	{ "limit-without-request",
	  LINT_ADVICE,
	  limit_without_request,
	  "a limit without a request: the limit becomes the request, and the node keeps all of it free for this container",
	  { NULL,
	    NULL,
	    "resources.requests beside the limits: what it needs on an ordinary day" } },
	{ "pids",
	  LINT_TROUBLE,
	  pids,
	  "no limit of processes: a fork bomb takes all process numbers of the host",
	  { "--pids-limit 512",
	    "pids_limit: 512",
	    NULL } },
	{ "logs",
	  LINT_TROUBLE,
	  logs,
	  "logs are kept without a limit, and fill the disk of the host",
	  { "--log-opt max-size=10m --log-opt max-file=3",
	    "logging: { driver: json-file, options: { max-size: 10m, max-file: \"3\" } }",
	    NULL } },
	{ "secrets",
	  LINT_TROUBLE,
	  secrets,
	  "a secret is in the environment: inspect, /proc and every child process show it",
	  { "a file that is mounted read-only (NAME_FILE=/run/secrets/name)",
	    "secrets: with NAME_FILE=/run/secrets/name in environment:",
	    "valueFrom: { secretKeyRef: ... }, or better a volume of the Secret" } },
	{ "root-user",
	  LINT_ADVICE,
	  root_user,
	  "it runs as root of the host, unless the image says otherwise: a hole in the kernel or a mount is enough to be out",
	  { "--user 1000:1000, or --userns auto, which makes its root nobody on the host",
	    "user: 1000:1000",
	    "securityContext: { runAsNonRoot: true, runAsUser: 1000 }, or hostUsers: false" } },
	{ "writable-root",
	  LINT_ADVICE,
	  writable_root,
	  "its root can be written: what breaks in can stay, and what it writes there fills the host's disk",
	  { "--read-only --tmpfs /tmp",
	    "read_only: true, tmpfs: [/tmp]",
	    "securityContext: { readOnlyRootFilesystem: true }, and an emptyDir at /tmp" } },
	{ "new-privileges",
	  LINT_ADVICE,
	  new_privileges,
	  "set-user-id programs in it can gain privileges",
	  { "--security-opt no-new-privileges",
	    "security_opt: [no-new-privileges]",
	    "securityContext: { allowPrivilegeEscalation: false }" } },
	{ "latest",
	  LINT_ADVICE,
	  latest,
	  "the image's tag is latest: which one it is depends on the day",
	  { "a version, or a digest: IMAGE@sha256:…",
	    "a version, or a digest: image: NAME@sha256:...",
	    "a version, or a digest: image: NAME@sha256:..." } },
};

void lint_subject_init(struct lint_subject *s)
{
	*s = (struct lint_subject){ .peak_bytes = -1, .throttled_percent = -1, .oom_kills = -1 };
}

const char *lint_weight_name(enum lint_weight w)
{
	static const char *const names[] = { "danger", "trouble", "advice" };

	return names[w];
}

const char *lint_rule(size_t n)
{
	return n < ARRAY_LEN(rules) ? rules[n].name : NULL;
}

int lint(const struct lint_subject *s, struct arena *a, struct lint_findings *ret, struct err *e)
{
	struct lint_findings l = { .v = arena_array(a, ARRAY_LEN(rules), sizeof *l.v) };

	if (!l.v)
		return err_oom(e);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].better[s->form] && rules[i].speaks(s))
			l.v[l.n++] = (struct lint_finding){ rules[i].name, rules[i].weight, rules[i].reason,
							    rules[i].better[s->form] };
	*ret = l;
	return 0;
}
