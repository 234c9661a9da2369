#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers that come and go beside each other on one network; tests/soak has five hundred of them.

load helpers
load network
load network_crowd

@test "containers that come and go at once answer by name and by port, and leave nothing" {
	crowd 10 10
}
