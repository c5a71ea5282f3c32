// What a launch passes to a kernel: its parameters' types as text, and the call.
#pragma once
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "blocks.h"

namespace emulated {

// dtypes' names, a star before them for a pointer; "bytes" and the size for a struct (float16 is one, and a dtype).
template <typename T>
std::string type_name() {
  typedef std::remove_cv_t<T> V;
  if constexpr (std::is_pointer_v<V>) return "*" + type_name<std::remove_pointer_t<V>>();
  else if constexpr (std::is_same_v<V, bool>) return "bool";
  else if constexpr (std::is_class_v<V> && sizeof(V) > 2) return "bytes" + std::to_string(sizeof(V));
  else {
    const char* kind = std::is_integral_v<V> ? (std::is_signed_v<V> ? "int" : "uint") : "float";
    return kind + std::to_string(8 * sizeof(V));
  }
}

template <typename... A>
const char* signature(void (*)(A...)) {
  static std::string text;
  text.clear();
  ((text += type_name<A>() + " "), ...);
  return text.c_str();
}

template <typename... A, size_t... i>
void call(void (*kernel)(A...), void** args, std::index_sequence<i...>) {
  std::tuple<std::remove_cv_t<A>...> values(*static_cast<std::remove_cv_t<A>*>(args[i])...);
  watch(watched);  // from here on all is the kernel's own
  std::apply(kernel, values);
}

template <typename... A>
void call(void (*kernel)(A...), void** args) {
  call(kernel, args, std::index_sequence_for<A...>{});
}

}  // namespace emulated
