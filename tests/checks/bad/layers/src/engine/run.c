#include "kernel/cgroup_priv.h"
