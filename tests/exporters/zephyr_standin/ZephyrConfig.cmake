# As much of Zephyr's build system as a module and its sample use, for a build on this host: modules from
# ZEPHYR_EXTRA_MODULES, symbols from prj.conf, the library functions, and the application's target.
set(ZEPHYR_STANDIN ${CMAKE_CURRENT_LIST_DIR})
project(zephyr C)
macro(project name) # without C++, whose library the compiler would have to build first
  _project(${name} C)
endmacro()
set(CMAKE_C_STANDARD 11)

file(STRINGS ${CMAKE_SOURCE_DIR}/prj.conf lines REGEX "^CONFIG_[A-Z0-9_]+=")
foreach(line ${lines})
  string(REGEX MATCH "^(CONFIG_[A-Z0-9_]+)=(.*)$" _ "${line}")
  set(${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
endforeach()

add_library(zephyr_interface INTERFACE)
target_include_directories(zephyr_interface INTERFACE ${ZEPHYR_STANDIN})
add_executable(app)
target_link_libraries(app PRIVATE zephyr_interface)

macro(zephyr_include_directories)
  foreach(folder ${ARGN})
    get_filename_component(folder ${folder} ABSOLUTE)
    target_include_directories(zephyr_interface INTERFACE ${folder})
  endforeach()
endmacro()

macro(zephyr_library_named name)
  set(ZEPHYR_CURRENT_LIBRARY ${name})
  add_library(${name} STATIC)
  target_link_libraries(${name} PUBLIC zephyr_interface)
  target_link_libraries(app PRIVATE ${name})
endmacro()

macro(zephyr_library_sources)
  target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endmacro()

macro(zephyr_library_sources_ifdef symbol)
  if(${symbol})
    zephyr_library_sources(${ARGN})
  endif()
endmacro()

macro(zephyr_library_compile_options)
  target_compile_options(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endmacro()

foreach(module ${ZEPHYR_EXTRA_MODULES})
  get_filename_component(module ${module} ABSOLUTE)
  file(STRINGS ${module}/zephyr/module.yml place REGEX "^ +cmake: ")
  string(REGEX REPLACE "^ +cmake: " "" place "${place}")
  add_subdirectory(${module}/${place} ${CMAKE_BINARY_DIR}/module)
endforeach()
