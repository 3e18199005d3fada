# coffees_add_function(NAME SOURCE...): builds NAME.so, a handler library that exports its one entry point and nothing else.
function(coffees_add_function name)
  set(exports ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/handler.exports)
  add_library(${name} MODULE ${ARGN})
  # Without NAME_EXPORTS all functions are compiled alike, so that the tests can share a precompiled header.
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".so" CXX_VISIBILITY_PRESET hidden
                                           VISIBILITY_INLINES_HIDDEN ON DEFINE_SYMBOL "" LINK_DEPENDS ${exports})
  target_link_libraries(${name} PRIVATE CloudCoffees::sdk)
  target_link_options(${name} PRIVATE -Wl,--version-script=${exports})
  if(NOT COFFEES_SANITIZE)
    # A missing symbol should fail here and not at the first order. (Sanitizer run-times are resolved at load.)
    target_link_options(${name} PRIVATE -Wl,--no-undefined)
  endif()
endfunction()
