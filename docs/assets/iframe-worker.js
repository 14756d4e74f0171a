// A browser starts no worker for a page opened from a disk. The search then runs in a hidden
// frame of the same page: same messages, same order. Nothing is asked over a network.
(function () {
  "use strict";
  if (location.protocol !== "file:" || window.IFrameWorker) return;

  class IFrameWorker extends EventTarget {
    constructor(url) {
      super();
      this.onmessage = null;
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.waiting = [];
      document.body.appendChild(this.frame);
      const inside = this.frame.contentWindow;
      const page = this.frame.contentDocument;
      // What a worker has and a frame lacks.
      inside.importScripts = function () {
        return Array.from(arguments).reduce(function (before, address) {
          return before.then(function () {
            return new Promise(function (done, failed) {
              const script = page.createElement("script");
              script.src = address;
              script.onload = done;
              script.onerror = failed;
              page.body.appendChild(script);
            });
          });
        }, Promise.resolve());
      };
      inside.postMessage = (data) => {
        const event = new MessageEvent("message", { data: data });
        this.dispatchEvent(event);
        if (this.onmessage) this.onmessage(event);
      };
      const script = page.createElement("script");
      script.src = new URL(url, document.baseURI).href;
      script.onload = () => {
        const waiting = this.waiting;
        this.waiting = null;
        waiting.forEach((data) => this.deliver(data));
      };
      script.onerror = () => this.dispatchEvent(new Event("error"));
      page.body.appendChild(script);
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
