# Short front for Meson and Ninja. `make help` lists the targets.
BUILD ?= build

.PHONY: all help deps
all: $(BUILD)/build.ninja ## build tare, tare-runtime, tare-monitor and tare-image into build/
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@meson setup $(BUILD) >/dev/null

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
