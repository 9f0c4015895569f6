// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The answers are those of c++filt of binutils 2.40, without the hashes of crates and without arguments of C++. */
class MangledNamesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "_RNvC6_123foo3bar | 123foo::bar",
                "_RNvNtCs1234_7mycrate3foo3bar | mycrate::foo::bar",
                "_RNvNtCs1234_7mycrate3foo3bar.cold | mycrate::foo::bar",
                "_RNCNCNgCs6DXkGYLi8lr_2cc5spawn00B5_ | cc::spawn::{closure#0}::{closure#0}",
                "_RNvXs_NtCs3_4nova6driverNtB4_10NovaDriverNtNtCs4_6kernel3drm6Driver5probe | <nova::driver::NovaDriver as kernel::drm::Driver>::probe",
                "_RNvMs1_NtNtNtCs8eDpTJxVa3M_6kernel4sync4lock5mutexINtB5_5MutexlE4lock | <kernel::sync::lock::mutex::Mutex<i32>>::lock",
                "_RINvNtCsbDqzXfLQacH_4core3ptr13drop_in_placeINtNtNtCs1_6kernel4sync3arc3ArcNtCs2_4demo5StateEEB1d_ | core::ptr::drop_in_place::<kernel::sync::arc::Arc<demo::State>>",
                "_RNvYNtCs2_4demo5StateNtNtNtCsb_4core3ops4drop4Drop4drop | <demo::State as core::ops::drop::Drop>::drop",
                "_RNCINkXs25_NgCsbmNqQUJIY6D_4core5sliceINyB9_4IterhENuNgNoBb_4iter8iterator8Iterator9rpositionNCNgNpB9_6memchr7memrchrs_0E0Bb_ | <core::slice::Iter<u8> as core::iter::iterator::Iterator>::rposition::<core::slice::memchr::memrchr::{closure#1}>::{closure#0}",
                "_RINvCs2_4demo3addKj1f_E | demo::add::<31>",
                "_RINvC3foo3barDNtC3foo5TraitEL_E | foo::bar::<dyn foo::Trait>",
                "_RINvC3foo3barFUKCjEuE | foo::bar::<unsafe extern \"C\" fn(usize)>",
                "_RINvC3foo3barRShTjmEAhj8_PQeE | foo::bar::<&[u8], (usize, u32), [u8; 8], *const &mut str>",
                "_ZN4core9panicking5panic17h0123456789abcdefE | core::panicking::panic",
                "_ZN66_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..ops..drop..Drop$GT$4drop17h0123456789abcdefE | <alloc::vec::Vec<T> as core::ops::drop::Drop>::drop",
                "_ZN7CBlahFS4readEPvmm | CBlahFS::read",
                "_ZNK3foo3barEv | foo::bar",
                "_Z7do_openP5inode | do_open",
                "_ZN3FooC1Ev | Foo::Foo",
                "_ZN3FooD2Ev | Foo::~Foo",
                "_ZNSt6vectorIiSaIiEE9push_backEOi | std::vector::push_back",
                "_ZN3abc3mapIN3xyz3keyELj4EE3putEPKc | abc::map::put"
            })
    void aPersonWritesItSo(String symbol, String name) {
        assertThat(Names.readable(symbol)).isEqualTo(name);
    }

    /** Torn, in another language's letters, or no such name at all. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "_R",
                "_RNv",
                "_RNvNtNtCs4_6kernel5alloc4kvec",
                "_RNvC3foo3barX",
                "_RINvCs2_4demo3addKj1f_KcVE",
                "_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y",
                "_RNvB_3foo",
                "_RIB2_B2_B2_E",
                "_Z",
                "_ZN",
                "_ZN99foo",
                "_ZN3foo",
                "_Zombie",
                "_Reset_chip",
                "do_open"
            })
    void whatIsNotUnderstoodStays(String symbol) {
        assertThat(Names.readable(symbol)).isEqualTo(symbol);
    }

    /** A name is as hostile as the rest of a console: references to earlier parts double what they stand for. */
    @Test
    void aNameThatGrowsWithoutEndIsGivenUp() {
        StringBuilder bomb = new StringBuilder("_RINvC1a1b");
        for (int i = 0; i < 64; i++) {
            bomb.append("TB3_B3_").append("E");
        }
        assertThat(Names.readable("_RINvC1a1b" + "T".repeat(100_000))).startsWith("_RINv");
        assertThat(Names.readable(bomb.append('E').toString())).startsWith("_RINv");
    }

    @Test
    void aSignatureIsThatOfEveryBuild() {
        assertThat(Names.title("_ZN4demo5probe17h0123456789abcdefE"))
                .isEqualTo(Names.title("_ZN4demo5probe17hfedcba9876543210E"));
        assertThat(Names.title("_RNvCs1234_4demo5probe")).isEqualTo(Names.title("_RNvCs5678_4demo5probe"));
    }
}
