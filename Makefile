# SPDX-License-Identifier: GPL-2.0-only
#
# Ditto. "make help" lists the targets. Kbuild says what the modules are made of.

KDIR ?= $(shell tests/kdir 2>/dev/null)
PREFIX ?= /usr/local
DESTDIR ?=
# Modules go below this folder, if it is given, and else below DESTDIR.
INSTALL_MOD_PATH ?=
modroot = $(or $(INSTALL_MOD_PATH),$(DESTDIR))

# One build of a kind at a time, however many makes run in this folder.
lock = mkdir -p build && flock build/$(1).lock

all: modules userspace

help:
	@echo 'Build:'
	@echo '  all               modules and userspace (default)'
	@echo '  modules           ditto.ko, ditto_nfs.ko, ditto_smb.ko for KDIR=$(KDIR)'
	@echo '  userspace         dittod and dittoctl'
	@echo '  install           programs, manual pages and units below PREFIX=$(PREFIX)'
	@echo '  modules_install   modules into /lib/modules, for modprobe, or below INSTALL_MOD_PATH'
	@echo '  uninstall         remove what the two put there'
	@echo '  deb               Debian packages, in build/deb'
	@echo '  clean             remove what was built, guest kernels excepted'
	@echo 'Try:'
	@echo '  demo              a share, mounted by a client, on Debian'"'"'s kernel in a guest'
	@echo '  demo-ad           a domain of Active Directory, and a folder for one of its groups'
	@echo '  demo-offload      a share of 2 GiB on a disk of 300 MiB, its data in an object store'
	@echo 'Test:'
	@echo '  check             all of these; the last line counts'
	@echo '  lint              compilers'"'"' warnings, sparse, checkpatch, shellcheck'
	@echo '  check-userspace   unit tests of the programs'
	@echo '  check-deb         the Debian packages, and lintian'
	@echo '  check-install     these packages in clean systems of Debian 12 and 13 (not in check)'
	@echo '  check-vm          the guests themselves'
	@echo '  check-kunit       unit tests of the modules'
	@echo '  check-e2e         real clients against the server; T=NAME for some'
	@echo '  check-smb         the same, those of SMB'
	@echo '  check-nfs4        the same, those of NFSv4; more of 4.1 than in check'
	@echo '  check-attack      attackers beside clients that behave; longer than in check'
	@echo '  check-clients     clients that nobody here wrote; more of them than in check'
	@echo '  check-ad          a server that joined a domain of Active Directory'
	@echo '  check-cluster     moves of a server by Pacemaker, guests that share a disk (not in check)'
	@echo '  check-adlong      the same by SSSD, and without its controller (not in check)'
	@echo '  check-faults      all faults at all steps of offloading (not in check)'
	@echo '  check-powercut    a guest without power at each of these steps (not in check)'
	@echo '  check-bulk        20,000 files and 10 GiB on a disk of 2 GiB (not in check)'
	@echo '  check-cuts        the connections of NFSv4 clients cut CUTS=10 times in each way (not in check)'
	@echo '  check-cross       each claim of each protocol against what the others want'
	@echo '  check-offload     data of files in an object store, Ceph RGW'
	@echo '  check-store       what keeps the objects of that store in order'
	@echo '  check-swift       the same with OpenStack Swift (not in check)'
	@echo '  check-smbtorture  Samba'"'"'s conformance tests; T=SUITE for some'
	@echo '  check-debug       parts of them under KASAN, lockdep, kmemleak and UBSAN'
	@echo '  check-damage      damaged calls and failing allocations under the same kernel'
	@echo '  check-fuzz        more of them; SEED=N, CALLS=N (not in check)'
	@echo '  check-stock       on Debian'"'"'s kernel; more of it than in check'
	@echo '  check-newest      on the newest kernel of Debian'"'"'s backports, as root (not in check)'
	@echo '  check-fs          what depends on the file system, on ext4, xfs, btrfs and overlayfs; FS=NAME'
	@echo '  check-race        with four CPUs, KASAN and lockdep (slow, not in check)'
	@echo '  check-wpts        Microsoft'"'"'s suites, in the folder DITTO_WPTS; T="SUITE FILTER" for some'
	@echo '                    (a few cases are in check if DITTO_WPTS is set)'
	@echo '  check-signed      no key signs twice under one nonce in any of smbtorture (not in check)'
	@echo '  check-matrix      all about data, names, lists and streams on each of these (not in check)'
	@echo '  check-full        check, and all that is not in it'
	@echo '  check-soak        all protocols on the same records for T=600 s (not in check)'
	@echo '  check-model       random steps of all protocols, as a model allows, for T=120 s; SEED=N'
	@echo '                    (not in check)'
	@echo '  check-offload-model'
	@echo '                    random steps with offloaded data, for T=1800 s; SEED=N, FS="ext4 xfs"'
	@echo '                    (a minute of them is in check)'
	@echo '  bench             all measurements beside the peers, with a report below results/;'
	@echo '                    SYSTEMS=ditto,knfsd,ksmbd,samba,ganesha ITER=N QUICK=1'
	@echo '                    TIERS=load,icount,mounted,fio,scale'
	@echo '  bench-load        NFS and SMB in one boot, the client in the kernel'
	@echo '  bench-icount      the same as instructions per operation, on Debian'"'"'s kernel'
	@echo '  bench-mounted     programs on mounts of NFS and SMB: fio, many files, a source tree'
	@echo '  bench-fio         fio on mounts, in the guest that counts instructions'
	@echo '  bench-scale       calls while many files, clients, ranges are in use'
	@echo '  bench-cpus        calls of four clients on four CPUs beside one on one'
	@echo '  bench-locks       the lock table beside the kernel'"'"'s POSIX locks'
	@echo '  bench-nfs3        beside knfsd in one guest'
	@echo '  bench-nfs4        the same for version 4.1'
	@echo '  bench-nfs42       copies by version 4.2 beside knfsd'
	@echo '  bench-smb         beside ksmbd and Samba in one guest'
	@echo '  bench-compressed  SMB with and without compression on a link of 1 Gbit/s'
	@echo '  profile           where an operation spends its instructions; WORKLOAD=nfs3/CREATE/8,'
	@echo '                    SYSTEM=ditto|knfsd|ksmbd|...: lists and a flame graph below results/'
	@echo 'Develop:'
	@echo '  ynl               make the netlink code again from its specification'

modules:
	@[ -n "$(KDIR)" ] || { tests/kdir; false; }
	@[ "$(KDIR)" = "/lib/modules/$$(uname -r)/build" ] || \
		echo "modules are made for $(KDIR), not for the running kernel $$(uname -r)" >&2
	@$(call lock,modules) $(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR) modules

userspace:
	@$(call lock,userspace) $(MAKE) --no-print-directory -C userspace

install: userspace
	@$(MAKE) --no-print-directory -C userspace install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

# Not Kbuild's own target: with Debian's headers it cannot sign and skips depmod.
modules_install: modules
	@release=$$(cat $(KDIR)/include/config/kernel.release) && \
	for module in $$(sed 's/o$$/ko/' modules.order); do \
		install -v -D -m 644 $$module \
			$(modroot)/lib/modules/$$release/updates/$${module##*/} && \
		strip --strip-debug $(modroot)/lib/modules/$$release/updates/$${module##*/} || exit 1; \
	done && if [ -n "$(INSTALL_MOD_PATH)" ]; then depmod -b $(INSTALL_MOD_PATH) $$release; \
	elif [ -z "$(DESTDIR)" ]; then depmod $$release; fi

deb:
	@tests/deb/build

uninstall:
	@$(MAKE) --no-print-directory -C userspace uninstall PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	rm -f $(DESTDIR)/lib/modules/*/updates/ditto.ko* $(DESTDIR)/lib/modules/*/updates/ditto_*.ko*
	@[ -n "$(DESTDIR)" ] || for release in $$(ls /lib/modules); do depmod $$release; done

clean:
	@[ -z "$(KDIR)" ] || $(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR) clean
	@$(MAKE) -s --no-print-directory -C userspace clean
	rm -rf build

check:
	@tests/check

lint check-userspace check-deb check-install check-vm check-kunit check-e2e check-smb check-nfs4 check-attack check-clients check-ad check-adlong check-cluster check-cross check-offload check-store check-smbtorture check-debug check-damage check-fuzz check-stock check-newest check-race check-signed check-soak check-model check-offload-model check-fs check-matrix check-faults check-powercut check-swift check-bulk check-cuts check-wpts:
	@tests/check $(@:check-%=%)

check-full: check
	@tests/check stock
	@tests/check newest race matrix signed fuzz soak model offload-model adlong cluster faults powercut swift bulk cuts install
	@$(if $(DITTO_WPTS),tests/check wpts)

demo:
	@tests/demo/run

demo-ad:
	@tests/demo/run-ad

demo-offload:
	@tests/demo/run-offload

export SYSTEMS TIERS ITER QUICK

bench:
	@tests/deps build demo check bench
	@tests/bench/suite

bench-load bench-icount bench-mounted bench-fio bench-scale bench-cpus bench-locks bench-nfs3 \
bench-nfs4 bench-nfs42 bench-smb bench-compressed:
	@tests/bench/run $(@:bench-%=%)

profile:
	@tests/bench/run profile "$(WORKLOAD)" $(SYSTEM)

ynl:
	net/ynl-regen
	userspace/gen-bindings

.PHONY: all help modules userspace install modules_install deb uninstall clean check lint \
	check-userspace check-deb check-install check-vm check-kunit check-e2e check-smb check-nfs4 check-attack check-clients check-ad check-adlong check-cluster check-cross check-offload check-store check-smbtorture check-debug \
	check-damage check-fuzz check-stock check-newest check-race check-signed check-soak check-model check-offload-model check-fs check-matrix check-faults check-powercut check-swift check-bulk check-cuts check-wpts check-full \
	demo demo-ad demo-offload bench bench-load bench-icount bench-mounted bench-fio bench-scale bench-cpus bench-locks bench-nfs3 bench-nfs4 bench-nfs42 bench-smb bench-compressed profile ynl
