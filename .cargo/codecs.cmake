# Which codecs libheif is built with: libde265 reads HEIC, dav1d AVIF. Both must be there.
set(CMAKE_REQUIRE_FIND_PACKAGE_LIBDE265 TRUE)
set(CMAKE_REQUIRE_FIND_PACKAGE_DAV1D TRUE)

# No encoders (x265 is GPL), and no other decoders, whatever else is installed: the same program on every machine.
foreach(codec X265 X264 kvazaar UVG266 vvdec vvenc OpenH264 AOM SvtEnc RAV1E JPEG OpenJPEG FFMPEG OPENJPH libsharpyuv ZLIB Brotli Doxygen)
  set(CMAKE_DISABLE_FIND_PACKAGE_${codec} TRUE)
endforeach()
