# credtop: build, test, sandbox, packages.  `make help` lists the targets.
#
# Objects live under build/<variant>/, so variants do not disturb one another:
#   make                      release, hardened          build/release
#   make VARIANT=debug        -Og -g3                    build/debug
#   make VARIANT=asan|tsan    sanitizers                 build/asan, build/tsan
#   make CC=clang             another compiler           build/release-clang

VERSION := 0.1.0
VARIANT ?= release
PREFIX  ?= /usr/local
SHELL   := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# What Debian packages this needs (README says why); `make deps` installs them.
DEPS_BUILD := gcc make pkg-config libncurses-dev libcurl4-openssl-dev libssl-dev libjansson-dev libpq-dev libinih-dev
DEPS_DEMO  := libmicrohttpd-dev postgresql openssl util-linux procps curl
DEPS_TEST  := libcmocka-dev libvterm-dev tmux python3 pgbouncer
DEPS_CHECK := clang libclang-rt-dev clang-format shellcheck openssh-server openssh-client
DEPS_PACKAGE := debhelper lintian rpm apparmor zsh fish

B := build/$(VARIANT)$(if $(filter clang%,$(notdir $(CC))),-clang)

PKGS := libcurl libssl libcrypto jansson libpq ncursesw inih
ifneq ($(filter-out deps% help clean demo test check deb rpm check-packages,$(or $(MAKECMDGOALS),all)),)
  LIB_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
  LIB_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm
endif

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
  -Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wconversion -Wsign-conversion \
  -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough -Wswitch-enum -Wenum-conversion -Wframe-larger-than=16384
WARN_GCC := -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Walloca -Wformat-truncation=2 -Wformat-signedness \
  -Warith-conversion -Wcast-align=strict
IS_CLANG := $(shell $(CC) --version 2>/dev/null | grep -c clang)
ifeq ($(IS_CLANG),0)
  WARN += $(WARN_GCC)
endif
ifdef WERROR
  WARN += -Werror
endif

HARDEN := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fPIE
HARDEN_LD := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code
ifeq ($(IS_CLANG),0)
  HARDEN += -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr
endif

OPT_release := -O2 -g $(HARDEN)
LD_release  := $(HARDEN_LD)
OPT_debug   := -Og -g3
OPT_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -DCT_SANITIZED
LD_asan     := -fsanitize=address,undefined
OPT_tsan    := -O1 -g -fno-omit-frame-pointer -fsanitize=thread -DCT_SANITIZED
LD_tsan     := -fsanitize=thread
OPT_cov     := -O0 -g --coverage -DCT_SANITIZED
LD_cov      := --coverage
OPT_fuzz    := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
  -DCT_SANITIZED
LD_fuzz     := -fsanitize=address,undefined

CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -I. -include backend/base/banned.h -DCREDTOP_VERSION='"$(VERSION)"' -pthread \
  -ffile-prefix-map=$(CURDIR)=. $(OPT_$(VARIANT)) $(WARN) $(LIB_CFLAGS) $(CFLAGS)
LDFLAGS_ALL = -pthread $(LD_$(VARIANT)) $(LDFLAGS)

# Short lines while building; `make V=1` shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $(2))

# ---------------------------------------------------------------- program
#
# One archive a layer, linked in the order of DESIGN's arrows: a unit test of a
# layer links that layer and what is below it, so an include that points up does
# not link.

src = $(sort $(wildcard $(1)))
obj = $(patsubst %.c,$(B)/%.o,$(1))

SRC_config      := $(call src,config/*.c)
SRC_base        := $(call src,backend/base/*.c)
SRC_aws         := $(call src,backend/aws/*.c)
SRC_credentials := $(call src,backend/credentials/*.c)
SRC_watch       := $(call src,backend/watch/*.c)
SRC_actions     := $(call src,backend/actions/*.c)
SRC_backend     := $(call src,backend/*.c)
SRC_ui          := $(filter-out ui/main.c,$(call src,ui/*.c ui/cli/*.c))
LAYERS := ui backend actions watch credentials aws base config

define archive
$(B)/lib$(1).a: $(call obj,$(SRC_$(1)))
	@rm -f $$@
	@ar rcsD $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call archive,$(l))))

below_ui          := ui backend actions watch credentials aws base config
below_backend     := backend actions watch credentials aws base config
below_actions     := actions watch credentials backend aws base config
below_watch       := watch credentials backend aws base config
below_credentials := credentials aws backend base config
below_aws         := aws base config
below_base        := base config
below_config      := config
libs = $(patsubst %,$(B)/lib%.a,$(below_$(1)))

all: $(B)/credtop ## build the program (build/release/credtop)

$(B)/credtop: $(B)/ui/main.o $(call libs,ui)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(call libs,ui) -Wl,--end-group $(LIB_LIBS)

# The same, except that it forgets one copy of every password: tests/e2e/traces.py has to
# find it out, or it could find nothing.
$(B)/leaky.o: backend/credentials/secret_value.c
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -DCT_LEAKY -MMD -MP -c -o $@ $<

$(B)/credtop-leaky: $(B)/ui/main.o $(B)/leaky.o $(call libs,ui)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(B)/leaky.o -Wl,--start-group $(call libs,ui) -Wl,--end-group $(LIB_LIBS)

# The same, except for where the system's configuration lies: tests/e2e/restricted.py and
# tests/e2e/sshd.py bring their own.
$(B)/credtop-beside: $(B)/ui/main.o $(B)/tests/e2e/system_beside.o $(call libs,ui)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(B)/tests/e2e/system_beside.o -Wl,--start-group $(call libs,ui) -Wl,--end-group $(LIB_LIBS)

# The same, except that its backend is never told of audit mode: tests/e2e/random_keys.py has
# to find it out.
$(B)/credtop-unbarred: $(B)/ui/main.o $(B)/tests/e2e/unbarred.o $(call libs,ui)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -Wl,--wrap=backend_start,--wrap=order_refusal -o $@ $< $(B)/tests/e2e/unbarred.o \
	  -Wl,--start-group $(call libs,ui) -Wl,--end-group $(LIB_LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# ------------------------------------------------------------------ tests
#
# tests/unit/test_LAYER_WHAT.c links LAYER and what is below it, with cmocka.

UNIT_SRC := $(call src,tests/unit/test_*.c)
UNIT_BIN := $(UNIT_SRC:%.c=$(B)/%)

define unit_rule
$(B)/tests/unit/test_$(1)_%: $(B)/tests/unit/test_$(1)_%.o $(call libs,$(1))
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(LDFLAGS_ALL) -o $$@ $$< -Wl,--start-group $(call libs,$(1)) -Wl,--end-group $$(LIB_LIBS) -lcmocka
endef
$(foreach l,$(LAYERS),$(eval $(call unit_rule,$(l))))

# The whole program in an emulated terminal.
PTY_OBJ := $(call obj,$(call src,tests/screens/pty_*.c))
$(B)/tests/unit/test_ui_terminal: $(B)/tests/unit/test_ui_terminal.o $(PTY_OBJ) $(call libs,ui) $(B)/credtop
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(PTY_OBJ) -Wl,--start-group $(call libs,ui) -Wl,--end-group $(LIB_LIBS) -lvterm -lcmocka

unit: $(UNIT_BIN) ## unit and screen tests of this VARIANT
	@tests/run.sh $(UNIT_BIN)

# ---------------------------------------------------------------- sandbox

AWSIM_OBJ := $(call obj,$(call src,tests/sandbox/awsim*.c))
FLEET_OBJ := $(call obj,$(call src,tests/sandbox/fleet*.c))

$(B)/awsim: $(AWSIM_OBJ) $(call libs,aws)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(AWSIM_OBJ) -Wl,--start-group $(call libs,aws) -Wl,--end-group $(LIB_LIBS) -lmicrohttpd

$(B)/fleet: $(FLEET_OBJ) $(call libs,credentials)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(FLEET_OBJ) -Wl,--start-group $(call libs,credentials) -Wl,--end-group $(LIB_LIBS)

# What the backend counts, as JSON: for the end-to-end tests.
$(B)/follow: $(B)/tests/e2e/follow.o $(call libs,backend)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(call libs,backend) -Wl,--end-group $(LIB_LIBS)

SANDBOX := $(B)/awsim $(B)/fleet $(B)/follow

# Programs that are not shipped: wrong ones, which tests must find out, and the one that brings
# its own system configuration.
WRONG := $(B)/credtop-leaky $(B)/credtop-unbarred $(B)/credtop-beside

# ------------------------------------------------------------------ bench
#
# The peers are measured where they are installed; nothing is installed for them.

BENCH_SCAN_OBJ := $(call obj,tests/bench/scan.c tests/bench/pages.c \
  $(addprefix backend/watch/,log_page.c classify.c find.c json_line.c containers.c marks.c tally.c))
ifneq ($(wildcard /usr/include/simdjson.h),)
  BENCH_SCAN_OBJ += $(B)/tests/bench/scan_simdjson.o
  $(B)/tests/bench/scan.o: CFLAGS += -DWITH_SIMDJSON
endif

$(B)/tests/bench/scan_simdjson.o: tests/bench/scan_simdjson.cc tests/bench/scan.h
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) -std=c++17 -O3 -DNDEBUG -I. -c -o $@ $<

$(B)/bench-scan: $(BENCH_SCAN_OBJ) $(call libs,base)
	$(call say,LINK,$@)
	$(Q)$(if $(filter %scan_simdjson.o,$(BENCH_SCAN_OBJ)),$(CXX),$(CC)) $(LDFLAGS_ALL) -o $@ $(BENCH_SCAN_OBJ) \
	  -Wl,--start-group $(call libs,base) -Wl,--end-group $(LIB_LIBS) $(if $(filter %scan_simdjson.o,$(BENCH_SCAN_OBJ)),-lsimdjson)

$(B)/bench-pager: $(B)/tests/bench/pager.o $(call libs,base)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(call libs,base) -Wl,--end-group $(LIB_LIBS)

bench: all $(SANDBOX) $(B)/bench-scan $(B)/bench-pager ## one table: credtop beside its peers (ROWS="scan oneshot events live screen growth kills")
	@BENCH_BUILD=$(B) tests/bench/bench.py $(ROWS)

# -------------------------------------------------------------- documents
#
# Manuals, IAM policies and README's tables come from the program's own tables.

GENERATE := $(B)/packaging/generate

GENERATE_OBJ := $(call obj,$(call src,packaging/*.c))

$(GENERATE): $(GENERATE_OBJ) $(call libs,ui)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(GENERATE_OBJ) -Wl,--start-group $(call libs,ui) -Wl,--end-group $(LIB_LIBS)

docs: $(GENERATE) ## rewrite the manuals, IAM policies and README's tables from the rows
	@packaging/generate.sh $<

pictures: all $(SANDBOX) ## take README's pictures anew, from the program on the sandbox
	@tests/screens/pictures.sh

check-house: $(GENERATE) ## the rules of the house alone (includes, tables, documents, limits)
	@GENERATE=$< tests/house/house.sh

# ------------------------------------------------------- what people call
#
# demo, test and check begin on a machine that may have nothing: they install what
# is missing and then call make again, which finds the libraries.

JOBS := -j$(shell nproc 2>/dev/null || echo 2)

demo: ## the two-minute tour: builds, starts the sandbox, opens the dashboard on it
	@$(MAKE) --no-print-directory deps-demo
	@$(MAKE) --no-print-directory $(JOBS) all $(SANDBOX)
	@tests/sandbox/demo.sh

test: ## unit tests, screens, and the whole program against the sandbox
	@$(MAKE) --no-print-directory deps-test
	@$(MAKE) --no-print-directory $(JOBS) built-for-test
	@tests/run.sh $(UNIT_BIN) tests/house/house.sh tests/packages/static.sh tests/packages/completions.sh tests/e2e/run.sh

built-for-test: all $(SANDBOX) $(UNIT_BIN) $(GENERATE) $(WRONG)

check: ## test, again under ASan+UBSan and TSan, built by clang too, fuzzed a little, formatted, packaged
	@$(MAKE) --no-print-directory deps-check deps-package
	@$(MAKE) --no-print-directory check-format
	@$(MAKE) --no-print-directory $(JOBS) WERROR=1 CC=clang all
	@$(MAKE) --no-print-directory $(JOBS) WERROR=1 built-for-test
	@mkdir -p build; nice -n 10 $(MAKE) --no-print-directory check-sanitized >build/check-sanitized.log 2>&1 & other=$$!; \
	  set -o pipefail; failed=0; $(MAKE) --no-print-directory WERROR=1 test 2>&1 | tee build/check-test.log || failed=1; \
	  wait $$other || failed=1; echo "-- check-sanitized, which ran beside:"; cat build/check-sanitized.log; \
	  awk '/^[0-9]+ passed, [0-9]+ failed$$/ {p += $$1; f += $$3} END {printf "%d passed, %d failed\n", p, f}' \
	    build/check-test.log build/check-sanitized.log; exit $$failed

# Beside `test`, which mostly waits; with less of a say on the processor, since some of what is
# tested there is how soon something happens.
check-sanitized:
	@$(MAKE) --no-print-directory $(JOBS) WERROR=1 VARIANT=asan all unit-bin
	@CREDTOP=build/asan/credtop tests/run.sh $(UNIT_SRC:%.c=build/asan/%) tests/e2e/sanitized.sh
	@$(MAKE) --no-print-directory $(JOBS) WERROR=1 VARIANT=tsan all unit-bin
	@CREDTOP=build/tsan/credtop tests/run.sh $(UNIT_SRC:%.c=build/tsan/%) tests/e2e/sanitized.sh
	@$(MAKE) --no-print-directory fuzz SECS=5
	@$(MAKE) --no-print-directory check-packages

# Preloaded: one call of the C library fails; clock and names are what a file says; time runs faster.
$(B)/%.so: tests/prove/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -fPIC -shared -o $@ $<

prove: ## long: each call of the machine fails once; every AWS operation under every fault; databases that fail; a day in a quarter of an hour; each fuzz target for SECS seconds (60)
	@$(MAKE) --no-print-directory deps-check
	@$(MAKE) --no-print-directory $(JOBS) all $(SANDBOX) $(B)/failing.so $(B)/world.so $(B)/fast.so
	@tests/sandbox/sandbox.sh run -- tests/prove/failing.py $(B)/failing.so
	@tests/sandbox/sandbox.sh run --without-fleet -- tests/prove/matrix.py
	@tests/sandbox/sandbox.sh run --without-fleet -- tests/prove/databases.py
	@BENCH_BUILD=$(B) tests/prove/soak.py
	@$(MAKE) --no-print-directory fuzz

# An end-to-end test judges a release build, whose passwords leave no trace; here it is only
# there for what it reaches, and what it says is in build/cov/e2e.log.
coverage: ## which lines the unit tests reach, by folder and file; E2E=1: the end-to-end tests, too (a quarter of an hour)
	@$(MAKE) --no-print-directory deps-test
	@$(MAKE) --no-print-directory $(JOBS) VARIANT=cov all unit-bin
	@find build/cov -name '*.gcda' -delete
	@CREDTOP=build/cov/credtop tests/run.sh $(UNIT_SRC:%.c=build/cov/%)
	@$(if $(E2E),$(MAKE) --no-print-directory $(JOBS) all $(SANDBOX) $(WRONG))
	@$(if $(E2E),CREDTOP=$(CURDIR)/build/cov/credtop tests/e2e/run.sh >build/cov/e2e.log 2>&1 || true)
	@tests/coverage.sh build/cov

unit-bin: $(UNIT_BIN)

e2e: all $(SANDBOX) $(WRONG) ## the whole program against the sandbox alone
	@tests/e2e/run.sh

run: all $(SANDBOX)
	@tests/sandbox/demo.sh

# Fuzzing: every parser of foreign bytes; seeds and found inputs are in tests/fuzz/corpus.
# The layers are built once, by clang, in build/fuzz-clang.
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(call src,tests/fuzz/fuzz_*.c))
SECS ?= 60

$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(call libs,ui)
	$(call say,FUZZ,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $< -Wl,--start-group $(call libs,ui) -Wl,--end-group $(LIB_LIBS)

fuzz-bin: $(FUZZ:%=$(B)/tests/fuzz/fuzz_%)

fuzz: ## every fuzz target for SECS seconds (60)
	@$(MAKE) --no-print-directory $(JOBS) CC=clang VARIANT=fuzz fuzz-bin
	@set -e; for t in $(FUZZ); do mkdir -p build/fuzz-corpus/$$t; seeds=tests/fuzz/corpus/$$t; [ -d $$seeds ] || seeds=; \
	  build/fuzz-clang/tests/fuzz/fuzz_$$t -max_total_time=$(SECS) -rss_limit_mb=2048 -timeout=10 -verbosity=0 \
	    -print_final_stats=1 -artifact_prefix=build/fuzz-corpus/$$t- build/fuzz-corpus/$$t $$seeds \
	    >build/fuzz-corpus/$$t.log 2>&1 || { cat build/fuzz-corpus/$$t.log; exit 1; }; \
	  printf '  FUZZ %-12s %s runs clean\n' $$t "$$(sed -n 's/^stat::number_of_executed_units: *//p' build/fuzz-corpus/$$t.log)"; done

# Two major versions of clang-format rarely agree; the sources are as Debian 12's has them.
FORMATTED := $(call src,config/*.[ch] backend/*.[ch] backend/*/*.[ch] ui/*.[ch] ui/cli/*.[ch])
FORMATTER := 14

format: ## rewrite the sources as .clang-format says
	@clang-format -i $(FORMATTED)

check-format:
	@if clang-format --version | grep -q 'version $(FORMATTER)\.'; then clang-format --dry-run -Werror $(FORMATTED); \
	  else echo "skipped: the format is not checked: $$(clang-format --version), and the sources are as $(FORMATTER) has them"; fi

# --------------------------------------------------------------- packages

need = missing=""; for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q "ok installed" || missing="$$missing $$p"; done; \
  if [ -n "$$missing" ]; then echo "installing:$$missing"; as=""; [ "$$(id -u)" = 0 ] || as=sudo; \
  { $$as apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as apt-get install -y -qq --no-install-recommends $$missing; } >&2; fi

deps: deps-check deps-package ## install what building, demo, test and check need (Debian packages)
deps-demo: ; @$(call need,$(DEPS_BUILD) $(DEPS_DEMO))
deps-test: ; @$(call need,$(DEPS_BUILD) $(DEPS_DEMO) $(DEPS_TEST))
deps-check: ; @$(call need,$(DEPS_BUILD) $(DEPS_DEMO) $(DEPS_TEST) $(DEPS_CHECK))
deps-package: ; @$(call need,$(DEPS_BUILD) $(DEPS_PACKAGE))

# The program looks for /etc/credtop/credtop.conf wherever it is installed.
SYSCONFDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
ZSHDIR     ?= $(PREFIX)/share/zsh/site-functions
DOC         = $(DESTDIR)$(PREFIX)/share/doc/credtop

install: all ## into DESTDIR/PREFIX
	install -D -m 755 $(B)/credtop $(DESTDIR)$(PREFIX)/bin/credtop
	install -D -m 644 packaging/credtop.1 $(DESTDIR)$(PREFIX)/share/man/man1/credtop.1
	install -D -m 644 packaging/credtop.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/credtop.conf.5
	install -D -m 644 packaging/completions/credtop.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/credtop
	install -D -m 644 packaging/completions/_credtop $(DESTDIR)$(ZSHDIR)/_credtop
	install -D -m 644 packaging/completions/credtop.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/credtop.fish
	install -D -m 644 config/credtop.conf.example $(DESTDIR)$(SYSCONFDIR)/credtop/credtop.conf.example
	install -D -m 644 -t $(DOC) README.md SECURITY.md
	install -D -m 644 -t $(DOC)/iam packaging/iam/*.json
	install -D -m 644 -t $(DOC)/schema packaging/schema/*.json
	install -D -m 644 packaging/sshd/credtop.conf $(DOC)/examples/sshd/credtop.conf
	install -D -m 644 packaging/apparmor/usr.bin.credtop $(DOC)/examples/apparmor/usr.bin.credtop

deb: ## the Debian package, in build/deb
	@$(MAKE) --no-print-directory deps-package
	@packaging/package.sh deb

rpm: ## the RPM package, in build/rpm, by Debian's rpm tools
	@$(MAKE) --no-print-directory deps-package
	@packaging/package.sh rpm

check-packages: ## build, compare, install, run and purge both packages in a folder of their own (two minutes)
	@$(MAKE) --no-print-directory deps-package
	@tests/run.sh tests/packages/completions.sh tests/packages/packages.sh

clean: ## remove build/
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / {printf "  %-14s %s\n", $$1, $$2}' Makefile

.PHONY: all unit unit-bin fuzz-bin built-for-test bench demo test check check-sanitized coverage prove e2e run docs pictures check-house check-format fuzz format deps deps-demo deps-test deps-check \
  deps-package install deb rpm check-packages clean help
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
