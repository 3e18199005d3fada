# coffees_add_function(NAME SOURCE...): builds NAME.so, a handler library that exports its one entry point and nothing else.
set(COFFEES_EXPORTS ${CMAKE_CURRENT_LIST_DIR}/handler.exports)
function(coffees_add_function name)
  add_library(${name} MODULE ${ARGN})
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".so" CXX_VISIBILITY_PRESET hidden
                                           VISIBILITY_INLINES_HIDDEN ON LINK_DEPENDS ${COFFEES_EXPORTS})
  target_link_libraries(${name} PRIVATE CloudCoffees::sdk)
  target_link_options(${name} PRIVATE -Wl,--version-script=${COFFEES_EXPORTS})
  if(NOT COFFEES_SANITIZE)
    # A missing symbol should fail here and not at the first order. (Sanitizer run-times are resolved at load.)
    target_link_options(${name} PRIVATE -Wl,--no-undefined)
  endif()
endfunction()
