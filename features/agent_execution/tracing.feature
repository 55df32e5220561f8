@agent_execution
Feature: One trace covers everything that a request touched
  Segment:          Enterprise and Platform
  Business goal:    Answer a customer's question about a request from its trace alone
  Value impact:     Customers connect our work with their own monitoring
  Strategic impact: Open tracing standards bring us into enterprise operations

  @AEC-08 @segment.enterprise @segment.platform
  @needs.live_events @needs.cloud_accounts @needs.traces @needs.own_services
  Rule: The caller's trace ID is found in every record of the request

    @smoke
    @needs.partner
    Scenario: The caller's trace is found in every record of the run
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme watches events
      When Acme runs a cost analysis with the caller's trace ID
      Then the caller's trace ID, and no other, is found in
        | place                        |
        | the response to the request  |
        | every event of the run       |
        | the stored run               |
        | the record of each tool call |
        | the partner's request log    |
        | the analytics record         |
        | the log of the backend       |
        | the log of the worker        |
        | the log of the tools service |
