/// A kind of file that customers send and that is no photo for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// GIF.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF, such as scanners and photo editors write; also BigTIFF.
    Tiff,
    /// A camera raw file in which there is no preview of the size we need.
    RawWithoutPreview,
    /// A camera raw file of a maker's own format, in which no preview is looked for.
    OtherRaw,
    /// JPEG XL.
    JpegXl,
    /// JPEG 2000.
    Jpeg2000,
    /// JPEG XR, once HD Photo.
    JpegXr,
    /// PDF.
    Pdf,
    /// PostScript.
    PostScript,
    /// Photoshop's or GIMP's own file.
    Layers,
    /// A Windows icon.
    Icon,
    /// SVG.
    Svg,
    /// MOV, MP4, 3GP, MKV, WebM, AVI and other videos.
    Video,
    /// Sound.
    Sound,
    /// A ZIP whose first file is a photo or a video: a Live Photo (`.livp`, a packed `.pvt`), or several
    /// photos.
    PackedPhoto,
    /// Any other ZIP.
    Zip,
    /// Another packed file.
    Archive,
    /// `._IMG_1234.jpg`: what a Mac keeps beside a photo on foreign disks.
    AppleDouble,
    /// A property list, as stands in for a photo that is still in iCloud.
    PropertyList,
    /// XML, such as the edits of a photo (`.aae`, `.xmp`).
    Xml,
    /// A web page.
    WebPage,
    /// A program.
    Program,
    /// A form whose request does not say that it is one.
    Form,
    /// Text.
    Text,
}

impl FileKind {
    /// What it is, with its article.
    pub fn name(self) -> &'static str {
        self.said().0
    }

    /// What its sender can do.
    pub fn advice(self) -> &'static str {
        self.said().1
    }

    fn said(self) -> (&'static str, &'static str) {
        const SAVE: &str = "Please save it as JPEG or PNG and send that.";
        const ALONE: &str = "Please unpack it and send the photo alone.";
        const BESIDE: &str = "Please send the photo that lies beside it.";
        const ITSELF: &str = "Please save the photo itself and send that.";
        match self {
            Self::Gif => ("a GIF", "Please send the photo that it was made of, or save it as JPEG or PNG."),
            Self::Bmp => ("a BMP picture", SAVE),
            Self::Tiff => ("a TIFF picture", SAVE),
            Self::RawWithoutPreview => (
                "a camera raw file without a preview of 1500 pixels",
                "Please export it as JPEG and send that, or the JPEG that the camera saved with it.",
            ),
            Self::OtherRaw => (
                "a camera raw file",
                "Please export it as JPEG and send that, or the JPEG that the camera saved with it.",
            ),
            Self::JpegXl => ("a JPEG XL picture", SAVE),
            Self::Jpeg2000 => ("a JPEG 2000 picture", SAVE),
            Self::JpegXr => ("a JPEG XR picture", SAVE),
            Self::Pdf => (
                "a PDF document",
                "Please send the photo itself: save it from the document, or take a screenshot of it.",
            ),
            Self::PostScript => ("a PostScript document", SAVE),
            Self::Layers => ("a photo editor's own file", "Please export it as JPEG or PNG and send that."),
            Self::Icon => ("an icon", "Please send a photo."),
            Self::Svg => ("an SVG drawing", "Please send a photo."),
            Self::Video => (
                "a video",
                "Please send a photo, or a still of the video: pause it where your pet looks best and take a screenshot.",
            ),
            Self::Sound => ("a sound file", "Please send a photo."),
            Self::PackedPhoto => (
                "a Live Photo or several photos packed into one file",
                "Please send one photo alone: unpack the file, or share the photo again with Live switched off.",
            ),
            Self::Zip => ("a ZIP archive or an office document", "Please send the photo alone."),
            Self::Archive => ("a compressed archive", ALONE),
            Self::AppleDouble => ("what a Mac keeps beside a photo (its name begins with ._)", BESIDE),
            Self::PropertyList => (
                "a placeholder or a list of settings",
                "If the photo is still in the cloud, please download it to your device first and send it then.",
            ),
            Self::Xml => ("a list of edits or another XML file", BESIDE),
            Self::WebPage => ("a web page", ITSELF),
            Self::Program => ("a program", "Please send a photo."),
            Self::Form => (
                "a form that was sent as if it were a file",
                "Please send it with the header Content-Type: multipart/form-data and the form's boundary.",
            ),
            Self::Text => ("a text file", "Please send a photo."),
        }
    }
}
