# SPDX-License-Identifier: Apache-2.0
# What `make bench` needs beside tare itself.
BENCH_CFLAGS := -std=gnu17 -O2 -static -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wformat=2 \
	-Wno-missing-field-initializers

.PHONY: bench
bench: all $(addprefix $(BUILD)/bench/,bareexec floor startbench stream true) ## starts beside the floor, crun and runc; pods; weight of a container; pulls; networks
	@tools/settle $(BUILD)/bench
	@BUILD=$(BUILD) bench/bench
	@BUILD=$(BUILD) bench/life
	@BUILD=$(BUILD) bench/kube
	@BUILD=$(BUILD) bench/crowd
	@BUILD=$(BUILD) bench/weight
	@BUILD=$(BUILD) bench/pull
	@BUILD=$(BUILD) bench/net

$(BUILD)/bench/%: bench/%.c
	@mkdir -p $(@D)
	@$(CC) $(BENCH_CFLAGS) -o $@ $<
