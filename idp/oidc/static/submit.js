// Form Post Response Mode: hand the answer to the app without waiting for a press of the button.
document.querySelector("form[data-submit-now]")?.submit();
