# Options of the sanitizers, for whatever runs programs of the presets asan, tsan and fuzz; other programs ignore them. To be sourced at
# the project's root. What the caller has set comes last, so it wins.
here=$PWD/test/sanitizers
export ASAN_OPTIONS="strict_string_checks=1:check_initialization_order=1:detect_leaks=1:${ASAN_OPTIONS:-}"
export LSAN_OPTIONS="suppressions=$here/leaks.txt:print_suppressions=0:${LSAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="suppressions=$here/races.txt:second_deadlock_stack=1:${TSAN_OPTIONS:-}"
