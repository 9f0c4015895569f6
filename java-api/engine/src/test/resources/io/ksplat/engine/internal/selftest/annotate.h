/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The annotations that the tests need, in the spelling that SPELLING chooses: 0 of 2022, 1 of 2023, 2 of 7.x. */
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define TAG(text) __attribute__((btf_decl_tag(text)))

#if SPELLING == 0
#define ONE(name) TAG("comment:" name)
#define VALUE(name, value) TAG("comment:" name "=" value)
#define MESSAGE(name, value) TAG("comment:" name "=" value)
#elif SPELLING == 1
#define ONE(name) TAG("comment:" name)
#define VALUE(name, value) TAG("comment:" name "=" value)
#define MESSAGE(name, value) TAG("comment:" name "=" TEXT(__COUNTER__) "=" value)
#else
#define ONE(name) TAG("comment:" TEXT(__COUNTER__) ":" name)
#define VALUE(name, value) TAG("comment:" TEXT(__COUNTER__) ":" name "=" value)
#define MESSAGE(name, value) VALUE(name, value)
#endif

#define __success ONE("test_expect_success")
#define __failure ONE("test_expect_failure")
#define __success_unpriv ONE("test_expect_success_unpriv")
#define __failure_unpriv ONE("test_expect_failure_unpriv")
#define __auxiliary ONE("test_auxiliary")
#define __msg(m) MESSAGE("test_expect_msg", m)
#define __not_msg(m) MESSAGE("test_expect_not_msg", m)
#define __msg_unpriv(m) MESSAGE("test_expect_msg_unpriv", m)
#define __xlated(m) MESSAGE("test_expect_xlated", m)
#define __jited(m) MESSAGE("test_jited", m)
#define __retval(v) VALUE("test_retval", TEXT(v))
#define __log_level(n) VALUE("test_log_level", #n)
#define __flag(f) VALUE("test_prog_flags", #f)
#define __arch_x86_64 VALUE("test_arch", "X86_64")
#define __arch_arm64 VALUE("test_arch", "ARM64")

#define SEC(name) __attribute__((section(name), used))
