@api
Feature: The API serves many users at once, each within their rate limit
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Run all customers on one platform without one slowing another down
  Value impact:     Responses are correct and quick even at the busiest hour
  Strategic impact: Rate limits by plan make a free plan affordable

  @API-08 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: Concurrent requests are answered correctly, in time and within the rate limit

    @gate @timing
    @needs.conversations @needs.messages @needs.message_pages
    Scenario: Fifty concurrent users receive correct responses in time
      Given fifty customers with a conversation each
      When every user makes ten different requests at the same time
      Then every response is correct and shows only the customer's own data
      And every response and every new resource has a unique ID
      And at least 95 % of all responses arrive within the target time for mixed requests

    @gate @timing
    @needs.plans @needs.rate_limits
    Scenario: The rate limit refuses only the customer who exceeds it
      Given Acme is a Free customer
      And Borealis is a Free customer
      And Cumulus is an Early customer
      When Acme and Cumulus exceed the rate limit of a Free plan while Borealis makes a few requests
      Then Acme is served up to the limit of the plan, and every refusal has a Retry-After
      And every request of Borealis and Cumulus succeeds

    @gate @timing
    @needs.plans @needs.rate_limits
    Scenario: A customer who waits as long as Retry-After says is served
      Given Acme is a Free customer with an exhausted rate limit
      When Acme waits as long as Retry-After says and calls the API again
      Then the response is a success

    @gate
    @needs.plans @needs.rate_limits @needs.sessions
    Scenario: A larger plan's rate limit holds from the next log-in
      Given Acme is a Free customer with an exhausted rate limit
      When Acme changes to an Enterprise plan as soon as Retry-After allows, logs in again and makes ten requests
      Then every response is a success

    @gate @timing
    @needs.plans @needs.rate_limits @needs.allowances @needs.own_services
    Scenario: A rate limit holds for all instances of the API together
      Given two backends are running
      And Acme is a Free customer with an exhausted rate limit
      When Acme calls the second backend thirty times
      Then Acme is served as often as the limit was refilled meanwhile, and is refused otherwise

    @gate @timing
    @needs.plans @needs.rate_limits @needs.colleagues
    Scenario: Colleagues share the rate limit of their organisation
      Given Acme is a Free customer
      And Ben of Acme is a member
      And Borealis is an Early customer
      When Acme and Ben of Acme exceed the rate limit of a Free plan while Borealis makes a few requests
      Then Acme and Ben of Acme together are served up to the limit of the plan
      And every request of Borealis succeeds

    @gate @timing
    @needs.plans @needs.rate_limits @needs.job_records
    Scenario: A rate limit holds for job records, too
      Given Acme is a Free customer with an exhausted rate limit
      When Acme asks for job records thirty times
      Then Acme is served as often as the limit was refilled meanwhile, and is refused otherwise

    @gate @exclusive
    @needs.rate_limits @needs.published_api @needs.own_services @needs.endpoint_rules
    @needs.cloud_accounts
    Scenario: Rate limiting refuses nobody while Redis is unreachable
      Given Acme is a Mid customer with one of each resource
      When Acme calls every read-only API endpoint while Redis is unreachable
      Then every response is a success
