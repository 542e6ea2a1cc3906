//! Properties of the renderer.
