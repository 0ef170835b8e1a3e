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

# What Debian packages this needs, and why (README says the same).
DEPS_BUILD := gcc make pkg-config libncurses-dev libcurl4-openssl-dev libssl-dev libjansson-dev libpq-dev libinih-dev
DEPS_TEST  := libcmocka-dev libmicrohttpd-dev libvterm-dev postgresql openssl clang libclang-rt-dev python3

B := build/$(VARIANT)$(if $(filter clang%,$(notdir $(CC))),-clang)

PKGS := libcurl libssl libcrypto jansson libpq ncursesw inih
ifneq ($(filter-out deps help clean,$(or $(MAKECMDGOALS),all)),)
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
SRC_backend     := $(call src,backend/*.c)
SRC_ui          := $(filter-out ui/main.c,$(call src,ui/*.c ui/cli/*.c))
LAYERS := ui backend watch credentials aws base config

define archive
$(B)/lib$(1).a: $(call obj,$(SRC_$(1)))
	@rm -f $$@
	@ar rcsD $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call archive,$(l))))

below_ui          := ui backend watch credentials aws base config
below_backend     := backend watch credentials aws base config
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

unit: $(UNIT_BIN) ## unit tests of every layer
	@set -e; for t in $(UNIT_BIN); do echo "== $$t"; $$t; done

# ---------------------------------------------------------------- sandbox

AWSIM_OBJ := $(call obj,$(call src,tests/sandbox/awsim*.c))
FLEET_OBJ := $(call obj,$(call src,tests/sandbox/fleet*.c))

$(B)/awsim: $(AWSIM_OBJ) $(call libs,aws)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(AWSIM_OBJ) -Wl,--start-group $(call libs,aws) -Wl,--end-group $(LIB_LIBS) -lmicrohttpd

$(B)/fleet: $(FLEET_OBJ) $(call libs,credentials)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(FLEET_OBJ) -Wl,--start-group $(call libs,credentials) -Wl,--end-group $(LIB_LIBS)

.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
