/// The version of this program, as `--version` and `initialize` say.
package let halleyVersion = "0.1.0"
