#include "backend/base/tidy.h"

/* The sanitizers have a heap of their own, and look at pages of theirs. */
#if defined(__GLIBC__) && !defined(CT_SANITIZED)

#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TIDY_MS 30000

static bool has_text_relocations(const struct dl_phdr_info *o)
{
    for (size_t i = 0; i < o->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &o->dlpi_phdr[i];
        if (h->p_type != PT_DYNAMIC)
            continue;
        for (const ElfW(Dyn) *d = (const ElfW(Dyn) *)(o->dlpi_addr + h->p_vaddr); d->d_tag != DT_NULL; d++)
            if (d->d_tag == DT_TEXTREL || (d->d_tag == DT_FLAGS && (d->d_un.d_val & DF_TEXTREL) != 0))
                return true;
    }
    return false;
}

/* Unmaps the pages of a segment that is as the file has it. */
static int let_go(struct dl_phdr_info *o, size_t size, void *ctx)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size;
    (void)ctx;
    if (o->dlpi_name == NULL || strstr(o->dlpi_name, "vdso") != NULL || has_text_relocations(o))
        return 0;
    for (size_t i = 0; i < o->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &o->dlpi_phdr[i];
        if (h->p_type != PT_LOAD || (h->p_flags & PF_W) != 0)
            continue;
        uintptr_t from = (o->dlpi_addr + h->p_vaddr) & ~(page - 1), to = o->dlpi_addr + h->p_vaddr + h->p_memsz;
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
    }
    return 0;
}

/* Forty libraries begin by reading their tables of symbols, testing their ciphers, looking for
 * modules: half of what is resident is never looked at again.  What is, is mapped again from the
 * page cache.  A breakpoint that a debugger has set before goes, too. */
static void let_go_of_start(void)
{
    (void)dl_iterate_phdr(let_go, NULL);
}

/* When this was last done, and whether the start's pages have gone: globals because both are
 * the process's. */
static _Atomic int64_t tidied_ms;
static atomic_bool start_let_go;

void tidy(int64_t now_mono_ms)
{
    int64_t last = atomic_load(&tidied_ms);
    if (now_mono_ms - last < TIDY_MS || !atomic_compare_exchange_strong(&tidied_ms, &last, now_mono_ms) || last == 0)
        return;
    (void)malloc_trim(0);
    if (!atomic_exchange(&start_let_go, true))
        let_go_of_start();
}

#else

void tidy(int64_t now_mono_ms)
{
    (void)now_mono_ms;
}

#endif
