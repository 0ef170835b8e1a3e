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

PKGS := libcurl libcrypto jansson libpq ncursesw inih
ifneq ($(filter-out deps help clean,$(or $(MAKECMDGOALS),all)),)
  LIB_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
  LIB_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
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

# ---------------------------------------------------------------- program

LIB_SRC := $(sort $(wildcard config/*.c backend/*.c backend/*/*.c))
UI_SRC  := $(sort $(filter-out ui/main.c,$(wildcard ui/*.c ui/cli/*.c)))
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o)
UI_OBJ  := $(UI_SRC:%.c=$(B)/%.o)

all: $(B)/credtop ## build the program (build/release/credtop)

$(B)/credtop: $(B)/ui/main.o $(UI_OBJ) $(LIB_OBJ)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIB_LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

-include $(shell find $(B) -name '*.d' 2>/dev/null)
