// A browser starts no worker for a page opened from a disk. The search then runs in a hidden
// frame of the same page: same messages, same order. Nothing is asked over a network.
(function () {
  "use strict";
  if (location.protocol !== "file:" || window.IFrameWorker) return;

  class IFrameWorker extends EventTarget {
    constructor(url) {
      super();
      this.onmessage = null;
      // Messages wait here until the script inside listens.
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.srcdoc = "<!DOCTYPE html><title>search</title><body></body>";
      this.frame.onload = () => this.begin(new URL(url, document.baseURI).href);
      document.body.appendChild(this.frame);
    }

    begin(url) {
      const inside = this.frame.contentWindow;
      const page = this.frame.contentDocument;
      const load = (address) =>
        new Promise((done, failed) => {
          const script = page.createElement("script");
          script.src = address;
          script.onload = done;
          script.onerror = failed;
          page.body.appendChild(script);
        });
      // What a worker has and a frame lacks.
      inside.importScripts = (...addresses) =>
        addresses.reduce((before, address) => before.then(() => load(address)), Promise.resolve());
      inside.postMessage = (data) => {
        const event = new MessageEvent("message", { data: data });
        this.dispatchEvent(event);
        if (this.onmessage) this.onmessage(event);
      };
      load(url).then(
        () => {
          const waiting = this.waiting;
          this.waiting = null;
          waiting.forEach((data) => this.deliver(data));
        },
        () => this.dispatchEvent(new Event("error"))
      );
    }

    postMessage(data) {
      if (this.waiting) this.waiting.push(data);
      else this.deliver(data);
    }

    deliver(data) {
      const inside = this.frame.contentWindow;
      inside.dispatchEvent(new inside.MessageEvent("message", { data: data }));
    }

    terminate() {
      this.frame.remove();
    }
  }

  window.IFrameWorker = IFrameWorker;
  window.Worker = IFrameWorker;
})();
