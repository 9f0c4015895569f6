// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.junit.internal.KernelsExtension;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.ClassTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs a class once on each of these kernels. The parameter {@code ksplat.kernel} replaces them all, so that {@code
 * ksplat run}, a patch trial and a bisection can run the same class.
 */
@Documented
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ClassTemplate
@ExtendWith(KernelsExtension.class)
public @interface Kernels {

    /** Kernel specs: {@code debian:7.2}, {@code source:7.3+lockdep}, {@code tree:PATH+PROFILE}, {@code file:PATH}, {@code package:PATH}. */
    String[] value();
}
