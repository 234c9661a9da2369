# SPDX-License-Identifier: Apache-2.0
# A container of Podman's, Docker's and containerd's as files and back from them, by tare-runtime and criu(8): a number that
# a process of it counts up in a volume goes on where it was.
#
# shellcheck disable=SC2154,SC2034 # out, err, T and group come from helpers.bash; engine_seconds is for engines.bash

load oci
load engines
engine_seconds=600

needs_criu() { criu check >/dev/null 2>&1 || skip "criu does not work on this kernel"; }

# In the engine's script: the command that counts, beginning with a word that no other start of it has, and what to ask of
# that. mark: remembers word and number. goes_on: the same word, and a greater number. forget: nothing was counted yet.
# What it writes is a link: of a file that is open while its container goes on criu would say that its size has changed.
counting='
	mkdir volume
	counts="read word </proc/sys/kernel/random/uuid; i=0; while :; do i=\$((i+1)); ln -sf \$word:\$i /volume/n; sleep 0.05; done"
	ln -s busybox "$rootfs/bin/ln"
	counted() { readlink volume/n; }
	mark() { until marked=$(counted); do sleep 0.05; done; }
	goes_on() { local now; now=$(counted) && [ "${now%:*}" = "${marked%:*}" ] && [ "${now#*:}" -gt "${marked#*:}" ] && echo yes; }
	forget() { rm -f volume/n; }
	is_gone() { [ ! -e "/proc/$1" ] && echo yes; }
'

# bats test_tags=guest-engines-full
@test "Podman: a checkpoint in its store, and one of a container that goes on as an archive for another one" {
	need_engine podman conmon criu
	needs_criu
	in_engine '
		engine="podman --root $work/store --runroot /run/podman --storage-driver vfs --events-backend file
			--cgroup-manager cgroupfs --runtime $rt"
		'"$counting"'
		tar -C "$rootfs" -c . | $engine import - bb:1 >/dev/null 2>&1
		$engine run -d --name one --network none --cgroup-parent "/$group" -v "$work/volume:/volume" bb:1 sh -c "$counts" >/dev/null
		later counts "*:[1-9]*" counted
		mark
		pid=$($engine inspect --format "{{.State.Pid}}" one)
		check checkpoint one $engine container checkpoint one
		check ended exited $engine inspect --format "{{.State.Status}}" one
		later "its process" yes is_gone $pid # conmon reaps it
		forget
		check restore one $engine container restore one
		later "goes on" yes goes_on
		check exec in $engine exec one echo in
		mark
		check "leave running" one $engine container checkpoint --leave-running --export one.tar one
		forget
		later "is left running" yes goes_on
		check remove "+([0-9a-z])" $engine rm -f -t 0 one
		forget
		check "restore another" "+([0-9a-f])" $engine container restore --import one.tar --name two
		later "the other goes on" yes goes_on
		check "remove it" "+([0-9a-z])" $engine rm -f -t 0 two'
	remove_own_cgroups # of conmon
}

# bats test_tags=guest-engines-full
@test "dockerd: a checkpoint of a container that goes on, one, and a start from it" {
	need_engine dockerd containerd /usr/bin/docker criu
	needs_criu
	in_engine '
		dockerd_up --experimental
		'"$counting"'
		tar -C "$rootfs" -c . | $engine import - bb:1 >/dev/null 2>&1
		$engine run -d --name one --network none -v "$work/volume:/volume" bb:1 sh -c "$counts" >/dev/null
		later counts "*:[1-9]*" counted
		mark
		check "leave running" first $engine checkpoint create --leave-running one first
		forget
		later "is left running" yes goes_on
		mark
		pid=$($engine inspect --format "{{.State.Pid}}" one)
		check checkpoint second $engine checkpoint create one second
		later ended exited $engine inspect --format "{{.State.Status}}" one
		check "its process" yes is_gone $pid
		forget
		check list "*first*second*" $engine checkpoint ls one
		check restore "" $engine start --checkpoint second one
		check running running $engine inspect --format "{{.State.Status}}" one
		later "goes on" yes goes_on
		check exec in $engine exec one echo in
		check remove one $engine rm -f one
		kill $!
		wait $!'
}

# bats test_tags=guest-engines-full
@test "containerd: checkpoints of ctr as files and as an image, and a container from that" {
	need_engine containerd ctr criu
	needs_criu
	in_engine '
		containerd_up
		ctr="ctr -a /run/c.sock"
		'"$counting"'
		mkdir image
		tar -C "$rootfs" -cf image/layer.tar .
		printf "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%s\"]}}" \
			"$(sha256sum <image/layer.tar | cut -d " " -f 1)" >image/config.json
		echo "[{\"Config\":\"config.json\",\"RepoTags\":[\"localhost/bb:1\"],\"Layers\":[\"layer.tar\"]}]" >image/manifest.json
		tar -C image -cf image.tar .
		check import "*localhost/bb:1*" $ctr image import --snapshotter native image.tar
		check run "" $ctr run -d --snapshotter native --runc-binary "$rt" --cgroup "/$group/ctr" \
			--mount "type=bind,src=$work/volume,dst=/volume,options=rbind:rw" localhost/bb:1 one sh -c "$counts"
		later counts "*:[1-9]*" counted
		mark
		check "as files" "" $ctr task checkpoint --image-path "$work/files" --work-path "$work" one
		forget
		later "is left running" yes goes_on
		check files "*pages-1.img*" ls files
		mark
		check "as an image" "" $ctr container checkpoint --image --rw --task one ck:1
		forget
		later "goes on beside it" yes goes_on
		check kill "" $ctr task kill -s KILL one
		later killed "*STOPPED*" $ctr task ls
		check delete "*137*" $ctr task delete one
		check container "" $ctr container delete one
		forget
		# what nft says to criu comes out as if the container had, with runc as well
		check restore "" sh -c "$ctr container restore --rw --live two ck:1 >/dev/null 2>&1"
		later "goes on from it" yes goes_on
		check "kill it" "" $ctr task kill -s KILL two
		later "killed it" "*STOPPED*" $ctr task ls
		check "delete it" "*137*" $ctr task delete two
		check "its container" "" $ctr container delete two
		kill $!
		wait $!'
}
